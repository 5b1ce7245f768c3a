using Npgsql;
using OrderPlatform.Messaging.Operations.Pacing;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Drops the oldest partition of the inbox, after copying the rows that must be kept. Normal traffic does not wait for the copy, however
/// long it takes: it runs in short transactions with rests in between, and a trigger applies inserts and deletes to it.
/// </summary>
internal sealed class InboxRetention(BackgroundThrottle throttle, RetentionProgress progress)
{
    /// <summary>Keys that one transaction reads. It takes a few milliseconds, for which a delete of one of the rows has to wait.</summary>
    internal const int Stretch = 5000;

    internal const string Deferred =
        "SELECT event_id AS key, queue, event_id, true AS wanted FROM messaging.deferred_events WHERE (event_id, queue) > ($1, $2) "
        + "ORDER BY event_id, queue";

    // An event with a dead letter must not take effect when it is redriven, or arrives again after it was discarded.
    internal const string DeadLetters =
        "SELECT id AS key, queue, event_id, true AS wanted FROM messaging.dead_letters WHERE (id, queue) > ($1, $2) ORDER BY id";

    /// <summary>
    /// Drops the partition. Keeps events that were received later than their ids say, such as those of a replay, events that still wait for
    /// their predecessor, and events that have a dead letter.
    /// </summary>
    /// <param name="partition">The oldest partition.</param>
    /// <param name="since">Events that were received at this time or later are kept.</param>
    /// <param name="cancellationToken">Stops; the next run starts again.</param>
    public async Task End(NpgsqlConnection connection, Partition partition, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await Partitions.MakeKept(connection, partition.Table, cancellationToken);
        string[] tables = [partition.Name, partition.Past];
        // Creating the triggers waits for open transactions that write there; the copy sees their rows.
        await Partitions.InTransaction(
            connection, () => connection.Execute(string.Concat(tables.Select(Follow)), cancellationToken), cancellationToken);
        foreach (var table in tables)
            await Copy(connection, partition, [table], RecentIn(table), since, cancellationToken);
        await Copy(connection, partition, tables, Deferred, since: null, cancellationToken);
        // Last: rows that are added meanwhile have the highest ids, so the copy sees them.
        await Copy(connection, partition, tables, DeadLetters, since: null, cancellationToken);
        await Partitions.End(connection, partition, () => Task.CompletedTask, cancellationToken);
    }

    internal static string RecentIn(string table) =>
        $"SELECT event_id AS key, queue, event_id, received_at >= $3 AS wanted FROM messaging.{table} WHERE (event_id, queue) > ($1, $2) "
        + "ORDER BY event_id, queue";

    /// <summary>
    /// Copies the rows of some tables whose keys are wanted, and returns where the next stretch begins. Because of the lock, a delete of a
    /// copied row comes before or after the copy, never in between.
    /// </summary>
    internal static string CopyStretch(string kept, string keys, IEnumerable<string> tables) =>
        $"""
         WITH looked AS MATERIALIZED ({keys} LIMIT {Stretch}),
              {string.Join(",\n", tables.Select(table =>
                  $"""
                   {table}_copied AS (
                      INSERT INTO messaging.{kept}
                      SELECT received.* FROM looked, LATERAL (
                          SELECT * FROM messaging.{table} WHERE event_id = looked.event_id AND queue = looked.queue
                          FOR KEY SHARE) AS received
                      WHERE wanted
                      ON CONFLICT DO NOTHING)
                   """))}
         SELECT key, queue FROM looked ORDER BY key DESC, queue DESC LIMIT 1
         """;

    private static string Follow(string table) =>
        $"""
        CREATE OR REPLACE TRIGGER keep_in_step AFTER INSERT OR DELETE ON messaging.{table}
        FOR EACH ROW EXECUTE FUNCTION messaging.keep_in_step();
        """;

    private async Task Copy(
        NpgsqlConnection connection,
        Partition partition,
        string[] tables,
        string keys,
        DateTimeOffset? since,
        CancellationToken cancellationToken)
    {
        var copy = CopyStretch(partition.Kept, keys, tables);
        var looked = 0L;
        (Guid Key, string Queue)? after = (Guid.Empty, "");
        while (after is { } from)
        {
            var turn = throttle.Begin();
            await Partitions.InTransaction(
                connection, async () => after = await CopyStretch(connection, copy, from, since, cancellationToken), cancellationToken);
            progress.Made(partition.Name, $"{looked += Stretch} rows checked");
            await turn.Rest(cancellationToken);
        }
    }

    /// <returns>The last key; null when there was none.</returns>
    private static async Task<(Guid Key, string Queue)?> CopyStretch(
        NpgsqlConnection connection, string copy, (Guid Key, string Queue) after, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(copy, connection) { Parameters = { Value(after.Key), Value(after.Queue) } };
        if (since is { } limit)
            command.Parameters.Add(Value(limit));
        await using var last = await command.ExecuteReaderAsync(cancellationToken);
        return await last.ReadAsync(cancellationToken) ? (last.GetGuid(0), last.GetString(1)) : null;
    }
}
