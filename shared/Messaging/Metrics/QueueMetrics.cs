using System.Collections.Frozen;
using OrderPlatform.Messaging.Events;
using Prometheus;

namespace OrderPlatform.Messaging.Metrics;

/// <summary>The metrics that have a queue among their labels.</summary>
internal sealed class QueueFamilies(IMetricFactory metrics)
{
    public Counter Handled { get; } = metrics.CreateCounter(
        "messaging_handled_total", "Events whose effect was committed.", ["queue", "event"]);

    public Counter Failures { get; } = metrics.CreateCounter(
        "messaging_handler_failures_total",
        "Failed attempts to handle an event, whether they are retried or not.",
        ["queue", "event"]);

    public Counter Retries { get; } = metrics.CreateCounter(
        "messaging_retries_total", "Attempts to handle an event, except the first one.", ["queue", "event"]);

    public Histogram Delay { get; } = metrics.CreateHistogram(
        "messaging_delivery_delay_seconds",
        "From an event's occurred-at to the commit of its effect.",
        ["queue", "event"],
        new HistogramConfiguration { Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600] });

    public Counter Duplicates { get; } = metrics.CreateCounter(
        "messaging_inbox_duplicates_total", "Messages dropped because the queue had already received their event.", ["queue"]);

    public Counter Deferred { get; } = metrics.CreateCounter(
        "messaging_deferred_total", "Events that arrived before their predecessor and were deferred.", ["queue", "event"]);

    public Histogram BatchSize { get; } = metrics.CreateHistogram(
        "messaging_batch_size",
        "Units of work that shared one transaction; the queue 'requests' means HTTP requests.",
        ["queue"],
        new HistogramConfiguration { Buckets = [1, 2, 5, 10, 20, 50, 100, 200, 500] });

    public Counter DeadLetters { get; } = metrics.CreateCounter(
        "messaging_dead_letters_total", "Messages that failed for good or had no handler.", ["queue", "event"]);
}

/// <summary>The series of one queue.</summary>
internal sealed class QueueMetrics
{
    /// <summary>The label of a message that names no type, or one that the queue has no handler for.</summary>
    private const string Unknown = "unknown";

    private readonly FrozenDictionary<string, EventMetrics> events;
    private readonly Counter.Child unknownDeadLetters;
    private readonly Counter.Child duplicates;
    private readonly TimeProvider clock;
    private readonly Histogram.Child batchSize;

    public QueueMetrics(QueueFamilies families, string queue, IEnumerable<string> types, TimeProvider clock)
    {
        this.clock = clock;
        events = types.ToFrozenDictionary(type => type, type => new EventMetrics(families, queue, EventTypes.ShortNameOf(type)));
        unknownDeadLetters = families.DeadLetters.WithLabels(queue, Unknown);
        duplicates = families.Duplicates.WithLabels(queue);
        batchSize = families.BatchSize.WithLabels(queue);
    }

    /// <summary>Counts the messages of one transaction.</summary>
    public void Received(int messages, int duplicates)
    {
        if (messages > 0)
            batchSize.Observe(messages);
        if (duplicates > 0)
            this.duplicates.Inc(duplicates);
    }

    public void Handled(EventEnvelope message)
    {
        if (events.TryGetValue(message.Type, out var series))
            series.Handled(message.IsReplayed ? null : clock.GetUtcNow() - message.OccurredAt);
    }

    public void Deferred(EventEnvelope message)
    {
        if (events.TryGetValue(message.Type, out var series))
            series.Deferred.Inc();
    }

    public void Retried(EventEnvelope message)
    {
        if (events.TryGetValue(message.Type, out var series))
            series.Retries.Inc();
    }

    public void Failed(EventEnvelope message)
    {
        if (events.TryGetValue(message.Type, out var series))
            series.Failures.Inc();
    }

    /// <param name="type">The type that the message names, which may be anything; null when it names none.</param>
    public void DeadLettered(string? type) =>
        (type is not null && events.TryGetValue(type, out var series) ? series.DeadLetters : unknownDeadLetters).Inc();

    private sealed class EventMetrics(QueueFamilies families, string queue, string @event)
    {
        private readonly Counter.Child handled = families.Handled.WithLabels(queue, @event);
        private readonly Histogram.Child delay = families.Delay.WithLabels(queue, @event);

        public Counter.Child Failures { get; } = families.Failures.WithLabels(queue, @event);

        public Counter.Child Retries { get; } = families.Retries.WithLabels(queue, @event);

        public Counter.Child Deferred { get; } = families.Deferred.WithLabels(queue, @event);

        public Counter.Child DeadLetters { get; } = families.DeadLetters.WithLabels(queue, @event);

        /// <param name="after">The delay since it happened; null for a replayed event, whose delay means nothing.</param>
        public void Handled(TimeSpan? after)
        {
            handled.Inc();
            if (after is { } time)
                delay.Observe(time.TotalSeconds);
        }
    }
}
