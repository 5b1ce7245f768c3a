using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>
/// An event in the service's log: the outbox until the relay has published it, the history from then on.
/// <see cref="Batching.UnitOfWork.Append"/> writes rows; nothing changes them.
/// </summary>
public sealed class LoggedEvent
{
    /// <summary>Its place in this log: ascending, with gaps, and not always in commit order.</summary>
    public long Position { get; private set; }

    /// <summary>As it is published.</summary>
    public EventEnvelope Event { get; private set; } = null!;
}
