namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// A message that a queue could not handle, as it is filed. Texts are bounded, and fit into a column whatever the message said.
/// </summary>
/// <param name="Queue">The queue that could not handle it.</param>
/// <param name="Source">Where it was found: <c>error</c> or <c>skipped</c>.</param>
/// <param name="Key">Knows it again when it fails again: its id, or what is in it.</param>
/// <param name="MessageId">Its id, which may be anything.</param>
/// <param name="EventId">Its id, when the inbox could know it.</param>
/// <param name="Type">The contract's wire address.</param>
/// <param name="Stream">What it is an event of.</param>
/// <param name="Sequence">Its place among the events of its producer on that stream.</param>
/// <param name="ExceptionType">The exception's full name; null when there was none.</param>
/// <param name="ExceptionMessage">What it said, or why there was none.</param>
/// <param name="ExceptionStack">Where it came from.</param>
/// <param name="FaultAt">When it failed, which tells one failure from another; null when the message does not say.</param>
/// <param name="Properties">What else belongs to the message, as JSON.</param>
/// <param name="Headers">All headers, as JSON.</param>
/// <param name="Body">Byte for byte.</param>
internal sealed record FailedMessage(
    string Queue,
    string Source,
    string Key,
    string? MessageId,
    Guid? EventId,
    string? Type,
    string? Stream,
    int? Sequence,
    string? ExceptionType,
    string? ExceptionMessage,
    string? ExceptionStack,
    DateTimeOffset? FaultAt,
    string Properties,
    string Headers,
    byte[] Body);
