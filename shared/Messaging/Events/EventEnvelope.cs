namespace OrderPlatform.Messaging.Events;

/// <summary>An event as it reached a queue.</summary>
/// <param name="EventId">The event's id, by which the inbox knows it again.</param>
/// <param name="Type">The contract's wire address.</param>
/// <param name="Stream">What it is an event of.</param>
/// <param name="Sequence">Its place among the events of its producer on that stream.</param>
/// <param name="CorrelationId">The order that it belongs to.</param>
/// <param name="CausationId">The event that caused it; null when it was a request.</param>
/// <param name="OccurredAt">When it happened, UTC.</param>
/// <param name="TraceParent">W3C trace context; null when nothing traced it.</param>
/// <param name="Body">The JSON as it came.</param>
public sealed record EventEnvelope(
    Guid EventId,
    string Type,
    string Stream,
    int Sequence,
    Guid CorrelationId,
    Guid? CausationId,
    DateTimeOffset OccurredAt,
    string? TraceParent,
    ReadOnlyMemory<byte> Body)
{
    private object? contract;

    /// <summary>Whether it is sent once more, long after it happened.</summary>
    internal bool IsReplayed { get; init; }

    /// <summary>Who appended it; sequences count for each producer.</summary>
    internal string Producer => EventTypes.ProducerOf(Type);

    /// <summary>The contract, read from the body the first time.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body is no such event.</exception>
    internal object Read(Type type) => contract ??= EventTypes.Read(type, Body.Span);
}
