using System.Collections.Frozen;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using Prometheus;

namespace OrderPlatform.Messaging.Metrics;

/// <summary>
/// The library's counters and histograms. Labels are queues and event types, all known at startup: every series exists from the start, at
/// 0, and counting looks up only the event's type.
/// </summary>
internal sealed class MessagingMetrics
{
    private readonly FrozenDictionary<string, QueueMetrics> queues;
    private readonly FrozenDictionary<string, Counter.Child> published;
    private readonly Histogram.Child requests;

    public MessagingMetrics(IMetricFactory metrics, MessagingTopology topology, TimeProvider clock)
    {
        var families = new QueueFamilies(metrics);
        queues = topology.Queues.ToFrozenDictionary(queue => queue.Key, queue => new QueueMetrics(families, queue.Key, queue.Value.Keys, clock));
        requests = families.BatchSize.WithLabels("requests");
        var relayed = metrics.CreateCounter("messaging_relay_published_total", "Events that the broker confirmed.", ["event"]);
        published = topology.Types.Published.ToFrozenDictionary(type => type, type => relayed.WithLabels(EventTypes.ShortNameOf(type)));
    }

    public QueueMetrics Of(string queue) => queues[queue];

    /// <summary>Counts requests that shared a transaction.</summary>
    public void CommittedRequests(int count) => requests.Observe(count);

    public void Published(IEnumerable<string> types)
    {
        foreach (var type in types)
        {
            if (published.TryGetValue(type, out var counter))
                counter.Inc();
        }
    }
}
