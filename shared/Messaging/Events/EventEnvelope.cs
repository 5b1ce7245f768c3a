namespace OrderPlatform.Messaging.Events;

/// <summary>An event with its metadata, wherever it is: in the log, on the wire, in a queue, deferred or archived.</summary>
/// <param name="EventId">The event's id (UUIDv7): the MessageId on the wire, and the inbox's key.</param>
/// <param name="Type">The contract's wire address, <c>Namespace:Name</c>.</param>
/// <param name="Stream">The stream that it belongs to, such as an order's id; at most 100 characters.</param>
/// <param name="Sequence">Its place among its producer's events on that stream, from 1.</param>
/// <param name="CorrelationId">The order that it belongs to; its own id where it belongs to none.</param>
/// <param name="CausationId">The event that caused it; null when it was a request.</param>
/// <param name="OccurredAt">When it happened, UTC, to the microsecond.</param>
/// <param name="TraceParent">W3C trace context of its cause; null when the cause was not traced.</param>
/// <param name="Body">The contract as JSON, byte for byte as published.</param>
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

    /// <summary>Whether a replay sent it; its delay then says nothing about the speed of delivery.</summary>
    internal bool IsReplayed { get; init; }

    /// <summary>The service that appended it; each producer counts its own sequences.</summary>
    internal string Producer => EventTypes.ProducerOf(Type);

    /// <summary>The contract, read from the body the first time.</summary>
    /// <exception cref="System.Text.Json.JsonException">The body does not match the contract.</exception>
    internal object Read(Type type) => contract ??= EventTypes.Read(type, Body.Span);
}
