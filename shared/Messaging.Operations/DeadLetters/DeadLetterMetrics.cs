using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Sampling;
using Prometheus;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Counts dead letters by state, and redrives by kind.</summary>
internal sealed class DeadLetterMetrics : ISampledMetrics
{
    private readonly FrozenDictionary<(string Queue, string State), Gauge.Child> letters;
    private readonly FrozenDictionary<(string Queue, string Kind), Counter.Child> redrives;
    private readonly string[] queues;

    public DeadLetterMetrics(IMetricFactory metrics, MessagingTopology topology)
    {
        queues = [.. topology.Queues.Keys];
        var gauge = metrics.CreateGauge("messaging_dead_letters", "Filed dead letters; at most 100000 are counted.", ["queue", "state"]);
        letters = (from queue in queues from state in DeadLetterStates.Columns select (queue, state))
            .ToFrozenDictionary(key => key, key => gauge.WithLabels(key.queue, key.state));
        var counter = metrics.CreateCounter(
            "messaging_redrives_total", "Dead letters that were published to their queue again.", ["queue", "kind"]);
        string[] kinds = ["operator", "automatic"];
        redrives = (from queue in queues from kind in kinds select (queue, kind))
            .ToFrozenDictionary(key => key, key => counter.WithLabels(key.queue, key.kind));
    }

    public void Redriven(IEnumerable<RedrivenMessage> messages)
    {
        foreach (var message in messages)
        {
            if (redrives.TryGetValue((message.Queue, message.Kind), out var counter))
                counter.Inc();
        }
    }

    public async Task Sample(DbContext database, CancellationToken cancellationToken)
    {
        foreach (var (queue, state, count) in await DeadLetterCounts.Read(database, queues, cancellationToken))
            letters[(queue, state.ToColumn())].Set(count);
    }

    public void Forget()
    {
        foreach (var gauge in letters.Values)
            gauge.Set(double.NaN);
    }
}
