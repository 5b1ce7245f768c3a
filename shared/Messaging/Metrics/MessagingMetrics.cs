using System.Collections.Frozen;
using Prometheus;

namespace OrderPlatform.Messaging.Metrics;

/// <summary>
/// What the library counts while it works. Labels are queues and types of events, all known at the start: every series is there from the
/// beginning, at 0, and counting looks nothing up but the event's type.
/// </summary>
internal sealed class MessagingMetrics
{
    private readonly FrozenDictionary<string, QueueMetrics> queues;
    private readonly FrozenDictionary<string, Counter.Child> published;
    private readonly Histogram.Child requests;
    private readonly EventObservers observers;
    private readonly TimeProvider clock;

    public MessagingMetrics(IMetricFactory metrics, MessagingTopology map, EventObservers observers, TimeProvider clock)
    {
        (this.observers, this.clock) = (observers, clock);
        var families = new QueueFamilies(metrics);
        queues = map.Queues.ToFrozenDictionary(queue => queue.Key, queue => new QueueMetrics(families, queue.Key, queue.Value.Keys));
        requests = families.GroupSize.WithLabels("requests");
        var relayed = metrics.CreateCounter("messaging_relay_published_total", "Events that the broker confirmed.", ["event"]);
        published = map.Types.Published.ToFrozenDictionary(type => type, type => relayed.WithLabels(EventTypes.ShortNameOf(type)));
    }

    public QueueMetrics Of(string queue) => queues[queue];

    /// <param name="queue">The queue the messages came from.</param>
    /// <param name="received">How many they were; 0 when deferred events were tried again.</param>
    /// <param name="arrivals">What became of them.</param>
    public void Committed(string queue, int received, ReceivedBatch arrivals) => queues[queue].Committed(received, arrivals, clock.GetUtcNow());

    /// <summary>Requests shared a transaction.</summary>
    public void Committed(int received) => requests.Observe(received);

    /// <summary>Tells the service what a unit has committed.</summary>
    public void Committed(UnitOfWork unit) => observers.Committed(unit.Changes);

    public void Published(IReadOnlyList<EventEnvelope> events)
    {
        foreach (var @event in events)
        {
            if (published.TryGetValue(@event.Type, out var counter))
                counter.Inc();
        }
    }
}
