namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// A message that a queue could not handle, as it is filed. Every text is truncated to fit its column.
/// </summary>
/// <param name="Queue">The queue that could not handle it.</param>
/// <param name="Source">Where it was found: <c>error</c> or <c>skipped</c>.</param>
/// <param name="Key">Identifies it when it fails again: its id, or a hash of its content.</param>
/// <param name="MessageId">Its id, which may be any text.</param>
/// <param name="EventId">Its id, if it is one that the inbox can contain.</param>
/// <param name="Type">The contract's wire address.</param>
/// <param name="Stream">Its stream, such as the order's id.</param>
/// <param name="Sequence">Its number among its producer's events on that stream.</param>
/// <param name="ExceptionType">The exception's full name; null when there was none.</param>
/// <param name="ExceptionMessage">The exception's message, or the reason if there was no exception.</param>
/// <param name="FaultAt">When it failed, which distinguishes failures; null when the message does not say.</param>
/// <param name="Properties">The message's properties, as JSON.</param>
/// <param name="Headers">All headers, as JSON.</param>
/// <param name="Body">The body, byte for byte.</param>
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
