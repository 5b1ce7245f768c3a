using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Sampling;

/// <summary>Events that wait in the service's database: to be published, or for a predecessor.</summary>
/// <param name="Pending">Events that are still to be published; exact up to 10,000, beyond that an estimate.</param>
/// <param name="OldestAgeSeconds">How long ago the oldest of them occurred; 0 when there is none.</param>
/// <param name="Deferred">Only the queues that have deferred events.</param>
internal sealed record Backlog(long Pending, double OldestAgeSeconds, IReadOnlyList<DeferredBacklog> Deferred)
{
    /// <summary>Up to this many events are counted one by one; beyond that, the number is estimated from their positions.</summary>
    private const int Counted = 10_000;

    // The rows after the relay's cursor and those in its gaps, by primary key and up to a limit. Not every row is published, so the share
    // of published ones among the first rows stands for the rest.
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

    private const string SelectDeferred =
        """
        SELECT queue, count(*), greatest(extract(epoch FROM clock_timestamp() - min(deferred_at)), 0)::float8
        FROM messaging.deferred_events
        GROUP BY queue
        """;

    /// <summary>Counts the outbox by index and up to a limit, and the deferred events.</summary>
    /// <param name="types">The wire addresses that the relay publishes.</param>
    public static async Task<Backlog> Read(DbContext database, string[] types, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var batch = database.CreateBatch();
        batch.Add(SelectOutbox, Value(types), Value(Counted));
        batch.Add(SelectDeferred);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var (pending, age) = await reader.ReadAsync(cancellationToken) ? (reader.GetInt64(0), reader.GetDouble(1)) : (0, 0);
        await reader.NextResultAsync(cancellationToken);
        var deferred = new List<DeferredBacklog>();
        while (await reader.ReadAsync(cancellationToken))
            deferred.Add(new DeferredBacklog(reader.GetString(0), reader.GetInt64(1), reader.GetDouble(2)));
        return new Backlog(pending, age, deferred);
    }
}

/// <summary>The deferred events of a queue.</summary>
/// <param name="Queue" example="inventory">The queue they came from.</param>
/// <param name="Count">How many events are deferred.</param>
/// <param name="OldestAgeSeconds">How long the oldest of them has been deferred.</param>
internal sealed record DeferredBacklog(string Queue, long Count, double OldestAgeSeconds);
