using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>The events that one transaction can handle.</summary>
/// <param name="Backlogs">By stream, the events that can be handled now.</param>
/// <param name="Fresh">How many of the messages were not in the inbox yet.</param>
internal sealed record ReceivedBatch(IReadOnlyCollection<StreamBacklog> Backlogs, int Fresh)
{
    /// <summary>Events that were deferred, and are handled now.</summary>
    public IEnumerable<EventEnvelope> Resumed => Backlogs.SelectMany(backlog => backlog.Resumed);

    /// <summary>Events that were deferred, and still are.</summary>
    public IEnumerable<EventEnvelope> StillDeferred => Backlogs.SelectMany(backlog => backlog.StillDeferred);
}
