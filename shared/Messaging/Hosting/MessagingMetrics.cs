using System.Diagnostics.Metrics;

namespace OrderPlatform.Messaging;

/// <summary>The library's instruments, in the meter <c>OrderPlatform.Messaging</c>. Labels are queues and event types: never ids.</summary>
internal sealed class MessagingMetrics
{
    public const string MeterName = "OrderPlatform.Messaging";

    private readonly Counter<long> handled;
    private readonly Counter<long> duplicates;
    private readonly Counter<long> parked;
    private readonly Counter<long> published;
    private readonly Histogram<double> delay;
    private readonly Histogram<int> groupSize;
    private readonly TimeProvider clock;

    public MessagingMetrics(IMeterFactory meters, TimeProvider clock)
    {
        this.clock = clock;
        var meter = meters.Create(MeterName);
        handled = meter.CreateCounter<long>("messaging.handled", "{event}", "Events whose effect was committed.");
        duplicates = meter.CreateCounter<long>("messaging.inbox.duplicates", "{event}", "Events dropped because they were handled before.");
        parked = meter.CreateCounter<long>("messaging.parked", "{event}", "Events that came too early and were parked.");
        published = meter.CreateCounter<long>("messaging.relay.published", "{event}", "Events that the broker confirmed.");
        delay = meter.CreateHistogram(
            "messaging.delay",
            "s",
            "From an event's occurred-at to the commit of its effect.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600] });
        groupSize = meter.CreateHistogram(
            "messaging.group.size",
            "{event}",
            "Messages that shared one transaction.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500] });
    }

    /// <param name="queue">The queue the messages came from.</param>
    /// <param name="received">How many they were.</param>
    /// <param name="arrivals">What became of them.</param>
    public void Committed(string queue, int received, Arrivals arrivals)
    {
        var label = new KeyValuePair<string, object?>("queue", queue);
        groupSize.Record(received, label);
        if (received > arrivals.Fresh)
            duplicates.Add(received - arrivals.Fresh, label);
        var now = clock.GetUtcNow();
        foreach (var backlog in arrivals.Backlogs)
        {
            parked.Add(backlog.ToPark.Count(), label);
            foreach (var message in backlog.Handled)
            {
                var type = new KeyValuePair<string, object?>("event", message.Type);
                handled.Add(1, label, type);
                delay.Record((now - message.OccurredAt).TotalSeconds, label, type);
            }
        }
    }

    public void Published(int count) => published.Add(count);
}
