using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>An event that arrived too early: acknowledged at the broker, and waiting here for its predecessor.</summary>
public sealed class DeferredEvent
{
    /// <summary>The queue it came from.</summary>
    public string Queue { get; private set; } = "";

    /// <summary>As it was received.</summary>
    public EventEnvelope Event { get; private set; } = null!;

    /// <summary>When it was deferred, UTC.</summary>
    public DateTimeOffset DeferredAt { get; private set; }

    /// <summary>How many times its handler has thrown since.</summary>
    public int Failures { get; private set; }

    /// <summary>When it is tried again even if nothing arrives on its stream, UTC.</summary>
    public DateTimeOffset RetryAt { get; private set; }
}
