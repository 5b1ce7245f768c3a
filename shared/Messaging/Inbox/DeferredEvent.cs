namespace OrderPlatform.Messaging.Inbox;

/// <summary>An event that came too early: taken over from the broker, and waiting for its predecessor.</summary>
public sealed class DeferredEvent
{
    /// <summary>The queue it came from.</summary>
    public string Queue { get; private set; } = "";

    /// <summary>The event's id.</summary>
    public Guid EventId { get; private set; }

    /// <summary>The contract's wire address.</summary>
    public string Type { get; private set; } = "";

    /// <summary>What it is an event of.</summary>
    public string Stream { get; private set; } = "";

    /// <summary>Its place among the events of its producer on that stream.</summary>
    public int Sequence { get; private set; }

    /// <summary>The order that it belongs to.</summary>
    public Guid CorrelationId { get; private set; }

    /// <summary>The event that caused it; null when it was a request.</summary>
    public Guid? CausationId { get; private set; }

    /// <summary>When it happened, UTC.</summary>
    public DateTimeOffset OccurredAt { get; private set; }

    /// <summary>W3C trace context; null when nothing traced it.</summary>
    public string? TraceParent { get; private set; }

    /// <summary>The JSON as it came.</summary>
    public string Body { get; private set; } = "";

    /// <summary>When it was deferred, UTC.</summary>
    public DateTimeOffset DeferredAt { get; private set; }

    /// <summary>How often its handler threw since it was deferred.</summary>
    public int Failures { get; private set; }

    /// <summary>When it is tried again even if nothing arrives on its stream, UTC.</summary>
    public DateTimeOffset RetryAt { get; private set; }
}
