using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Prometheus;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>What waits in the service's database: to be published, and for a predecessor.</summary>
internal sealed class BacklogMetrics : ISampledMetrics
{
    /// <summary>Events that are counted one by one; of more, the number follows from the positions they take up.</summary>
    private const int Counted = 10_000;

    // Behind the relay's cursor, and in the gaps it left: by the primary key, and never more than so many. Not every row is published,
    // so the share of those that are, among the first, stands for the rest.
    private const string SelectOutbox =
        """
        WITH relay AS MATERIALIZED (SELECT position, gaps FROM messaging.relay_cursor WHERE id = 1),
             waiting AS MATERIALIZED (
                (SELECT position, occurred_at FROM messaging.event_log
                 WHERE position = ANY ((SELECT gaps FROM relay)::bigint[]) AND type = ANY ($1))
                UNION ALL
                (SELECT position, occurred_at FROM messaging.event_log
                 WHERE position > (SELECT position FROM relay) AND type = ANY ($1)
                 ORDER BY position
                 LIMIT $2)),
             counted AS (SELECT count(*) AS events, max(position) AS last, min(occurred_at) AS oldest FROM waiting)
        SELECT CASE WHEN events < $2 THEN events
                    ELSE events * ((SELECT max(position) FROM messaging.event_log) - position) / greatest(last - position, 1) END,
               coalesce(greatest(extract(epoch FROM clock_timestamp() - oldest), 0), 0)::float8
        FROM counted, relay
        """;

    private const string SelectParked =
        """
        SELECT queue, count(*), greatest(extract(epoch FROM clock_timestamp() - min(parked_at)), 0)::float8
        FROM messaging.parked_events
        GROUP BY queue
        """;

    private readonly Gauge pending;
    private readonly Gauge oldest;
    private readonly FrozenDictionary<string, (Gauge.Child Events, Gauge.Child OldestAge)> parked;
    private readonly string[] types;

    public BacklogMetrics(IMetricFactory metrics, MessagingMap map)
    {
        types = [.. map.Types.Published];
        pending = metrics.CreateGauge(
            "messaging_outbox_pending_events",
            "Events in the log that are still to be published; exact up to 10000, beyond that an estimate.");
        oldest = metrics.CreateGauge(
            "messaging_outbox_oldest_age_seconds", "How long ago the oldest of them occurred; 0 when there is none.");
        var events = metrics.CreateGauge("messaging_parked_events", "Events that wait for their predecessor.", ["queue"]);
        var age = metrics.CreateGauge(
            "messaging_parked_oldest_age_seconds", "How long the oldest of them has been parked; 0 when there is none.", ["queue"]);
        parked = map.Queues.Keys.ToFrozenDictionary(queue => queue, queue => (events.WithLabels(queue), age.WithLabels(queue)));
    }

    public async Task Sample(DbContext database, CancellationToken cancellation)
    {
        await database.Database.OpenConnectionAsync(cancellation);
        await using var batch = database.CreateBatch();
        batch.Add(SelectOutbox, Value(types), Value(Counted));
        batch.Add(SelectParked);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        if (await reader.ReadAsync(cancellation))
        {
            pending.Set(reader.GetInt64(0));
            oldest.Set(reader.GetDouble(1));
        }

        await reader.NextResultAsync(cancellation);
        await ShowParked(reader, cancellation);
    }

    public void Forget()
    {
        pending.Set(double.NaN);
        oldest.Set(double.NaN);
        foreach (var (events, age) in parked.Values)
        {
            events.Set(double.NaN);
            age.Set(double.NaN);
        }
    }

    private async Task ShowParked(NpgsqlDataReader row, CancellationToken cancellation)
    {
        var found = new Dictionary<string, (long Events, double Age)>();
        while (await row.ReadAsync(cancellation))
            found[row.GetString(0)] = (row.GetInt64(1), row.GetDouble(2));
        foreach (var (queue, (events, age)) in parked)
        {
            var (count, oldestAge) = found.GetValueOrDefault(queue);
            events.Set(count);
            age.Set(oldestAge);
        }
    }
}
