namespace OrderPlatform.Messaging.EventLog;

/// <summary>
/// One event as the log keeps it: the outbox until the relay has published it, the history forever after. Rows are
/// written by <see cref="UnitOfWork.Append"/> and never changed.
/// </summary>
public sealed class LoggedEvent
{
    /// <summary>Where it stands in this log: ascending, with gaps, and not always in the order of commits.</summary>
    public long Position { get; private set; }

    /// <summary>The event's own id (UUIDv7), the MessageId on the wire.</summary>
    public Guid EventId { get; private set; }

    /// <summary>What it is an event of, such as the order's id.</summary>
    public string Stream { get; private set; } = "";

    /// <summary>Its place in the stream, from 1, without gaps within this log.</summary>
    public int Sequence { get; private set; }

    /// <summary>The contract's wire address, <c>Namespace:Name</c>.</summary>
    public string Type { get; private set; } = "";

    /// <summary>The event as JSON, byte for byte what is published.</summary>
    public string Data { get; private set; } = "";

    /// <summary>The order that it belongs to; its own id where it belongs to none.</summary>
    public Guid CorrelationId { get; private set; }

    /// <summary>The event that caused it; null when it was a request.</summary>
    public Guid? CausationId { get; private set; }

    /// <summary>W3C trace context of what caused it; null when nothing traced it.</summary>
    public string? TraceParent { get; private set; }

    /// <summary>When it happened, UTC.</summary>
    public DateTimeOffset OccurredAt { get; private set; }
}
