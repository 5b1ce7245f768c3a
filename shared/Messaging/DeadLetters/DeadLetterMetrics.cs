using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Prometheus;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>How many dead letters stand where, and how many were redriven.</summary>
internal sealed class DeadLetterMetrics : ISampledMetrics
{
    /// <summary>More are not counted.</summary>
    private const int Counted = 100_000;

    internal const string Select =
        """
        SELECT queue, state, (
            SELECT count(*) FROM (
                SELECT FROM messaging.dead_letters AS letter
                WHERE letter.state = states.state AND letter.queue = queues.queue
                LIMIT $3) AS counted)
        FROM unnest($1) AS queues (queue), unnest($2) AS states (state)
        """;

    private readonly FrozenDictionary<(string Queue, string State), Gauge.Child> letters;
    private readonly FrozenDictionary<(string Queue, string Kind), Counter.Child> redrives;
    private readonly string[] queues;
    private readonly string[] states = [.. Enum.GetValues<DeadLetterState>().Select(DeadLetterStates.ToColumn)];

    public DeadLetterMetrics(IMetricFactory metrics, MessagingMap map)
    {
        queues = [.. map.Queues.Keys];
        var gauge = metrics.CreateGauge("messaging_dead_letters", "Dead letters that are filed, up to 100000.", ["queue", "state"]);
        letters = (from queue in queues from state in states select (queue, state))
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

    public async Task Sample(DbContext database, CancellationToken cancellation)
    {
        await database.Database.OpenConnectionAsync(cancellation);
        await using var batch = database.CreateBatch();
        batch.Add(Select, Value(queues), Value(states), Value(Counted));
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            letters[(row.GetString(0), row.GetString(1))].Set(row.GetInt64(2));
    }

    public void Forget()
    {
        foreach (var gauge in letters.Values)
            gauge.Set(double.NaN);
    }
}
