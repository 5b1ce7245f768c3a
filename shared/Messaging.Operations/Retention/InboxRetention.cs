using Npgsql;
using OrderPlatform.Messaging.Operations.Pacing;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Ends the oldest partition of the inbox. Nobody waits while what is kept is copied, as long as that may take: it goes in short
/// transactions, with rests between, and a trigger sees to it that the copy has what comes and loses what goes.
/// </summary>
internal sealed class InboxRetention(BackgroundThrottle throttle, RetentionProgress progress)
{
    /// <summary>Keys that one transaction looks at: some milliseconds, for which who deletes one of the rows just then waits.</summary>
    internal const int Stretch = 5000;

    internal const string Deferred =
        "SELECT event_id AS key, queue, event_id, true AS wanted FROM messaging.deferred_events WHERE (event_id, queue) > ($1, $2) "
        + "ORDER BY event_id, queue";

    // Redriven, or sent once more after it was discarded, it must not take effect.
    internal const string DeadLetters =
        "SELECT id AS key, queue, event_id, true AS wanted FROM messaging.dead_letters WHERE (id, queue) > ($1, $2) ORDER BY id";

    /// <summary>
    /// Keeps what was received later than the partition's time says, such as what a replay brought, what still waits for its predecessor,
    /// and what has a dead letter.
    /// </summary>
    /// <param name="connection">To the service's database.</param>
    /// <param name="partition">The oldest.</param>
    /// <param name="since">What was received then or later is kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task End(NpgsqlConnection connection, Partition partition, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await Partitions.MakeKept(connection, partition.Table, cancellationToken);
        string[] tables = [partition.Name, partition.Past];
        // It waits for those that are writing there, and they are seen by the copy.
        await Partitions.InTransaction(
            connection, () => connection.Execute(string.Concat(tables.Select(Follow)), cancellationToken), cancellationToken);
        foreach (var table in tables)
            await Copy(connection, partition, [table], RecentIn(table), since, cancellationToken);
        await Copy(connection, partition, tables, Deferred, since: null, cancellationToken);
        // Last, because the newest of them have the highest ids.
        await Copy(connection, partition, tables, DeadLetters, since: null, cancellationToken);
        await Partitions.End(connection, partition, () => Task.CompletedTask, cancellationToken);
    }

    internal static string RecentIn(string table) =>
        $"SELECT event_id AS key, queue, event_id, received_at >= $3 AS wanted FROM messaging.{table} WHERE (event_id, queue) > ($1, $2) "
        + "ORDER BY event_id, queue";

    /// <summary>
    /// Copies those rows of some tables whose keys are wanted, and says where the next stretch begins. Whoever deletes a row that is copied
    /// comes before or after, not between: the lock is for that.
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
            progress.Made(partition.Name, $"{looked += Stretch} rows looked at");
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
