using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Handlers;
using Prometheus;

namespace OrderPlatform.Messaging.Sampling;

/// <summary>Gauges of the events that wait in the service's database: to be published, or for a predecessor.</summary>
internal sealed class BacklogMetrics : ISampledMetrics
{
    private readonly Gauge pending;
    private readonly Gauge oldest;
    private readonly FrozenDictionary<string, (Gauge.Child Events, Gauge.Child OldestAge)> deferred;
    private readonly string[] types;

    public BacklogMetrics(IMetricFactory metrics, MessagingTopology topology)
    {
        types = [.. topology.Types.Published];
        pending = metrics.CreateGauge(
            "messaging_outbox_pending_events",
            "Events in the log that are still to be published; exact up to 10000, beyond that an estimate.");
        oldest = metrics.CreateGauge(
            "messaging_outbox_oldest_age_seconds", "How long ago the oldest of them occurred; 0 when there is none.");
        var events = metrics.CreateGauge("messaging_deferred_events", "Events that wait for their predecessor.", ["queue"]);
        var age = metrics.CreateGauge(
            "messaging_deferred_oldest_age_seconds", "How long the oldest of them has been deferred; 0 when there is none.", ["queue"]);
        deferred = topology.Queues.Keys.ToFrozenDictionary(queue => queue, queue => (events.WithLabels(queue), age.WithLabels(queue)));
    }

    public async Task Sample(DbContext database, CancellationToken cancellationToken)
    {
        var backlog = await Backlog.Read(database, types, cancellationToken);
        pending.Set(backlog.Pending);
        oldest.Set(backlog.OldestAgeSeconds);
        var found = backlog.Deferred.ToDictionary(queue => queue.Queue);
        foreach (var (queue, (events, age)) in deferred)
        {
            var waiting = found.GetValueOrDefault(queue);
            events.Set(waiting?.Count ?? 0);
            age.Set(waiting?.OldestAgeSeconds ?? 0);
        }
    }

    public void Forget()
    {
        pending.Set(double.NaN);
        oldest.Set(double.NaN);
        foreach (var (events, age) in deferred.Values)
        {
            events.Set(double.NaN);
            age.Set(double.NaN);
        }
    }
}
