using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>
/// Ends the oldest partition of the inbox. Nobody waits while what is kept is copied, as long as that may take: meanwhile a trigger sees to
/// it that the copy has what comes and loses what goes.
/// </summary>
internal static class InboxRetention
{
    /// <summary>
    /// Keeps what was received later than the partition's time says, such as what a replay brought, what still waits for its predecessor,
    /// and what has a dead letter: redriven, or sent once more after it was discarded, it must not take effect.
    /// </summary>
    /// <param name="connection">To the service's database.</param>
    /// <param name="partition">The oldest.</param>
    /// <param name="since">What was received then or later is kept.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task End(NpgsqlConnection connection, Partition partition, DateTimeOffset since, CancellationToken cancellation)
    {
        await Partitions.MakeKept(connection, partition.Table, cancellation);
        string[] tables = [partition.Name, partition.Past];
        // It waits for those that are writing there, and they are seen by the copy.
        await Partitions.InTransaction(
            connection, () => connection.Execute(string.Concat(tables.Select(Follow)), cancellation), cancellation);
        foreach (var table in tables)
            await Copy(connection, table, partition.Kept, since, cancellation);
        await Partitions.End(connection, partition, () => Task.CompletedTask, cancellation);
    }

    private static string Follow(string table) =>
        $"""
        CREATE OR REPLACE TRIGGER keep_in_step AFTER INSERT OR DELETE ON messaging.{table}
        FOR EACH ROW EXECUTE FUNCTION messaging.keep_in_step();
        """;

    /// <summary>Whoever deletes a row that is copied comes before or after, not between: the lock is for that.</summary>
    private static Task Copy(
        NpgsqlConnection connection, string table, string kept, DateTimeOffset since, CancellationToken cancellation) => connection.Execute(
        $"""
         INSERT INTO messaging.{kept}
         SELECT * FROM messaging.{table} AS received
         WHERE received_at >= $1
            OR (queue, event_id) IN (SELECT queue, event_id FROM messaging.parked_events)
            OR (queue, event_id) IN (SELECT queue, event_id FROM messaging.dead_letters WHERE event_id IS NOT NULL)
         FOR KEY SHARE OF received
         ON CONFLICT DO NOTHING
         """,
        cancellation,
        Value(since));
}
