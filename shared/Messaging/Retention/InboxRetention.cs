using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>Ends the oldest partition of the inbox.</summary>
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
    public static Task End(
        NpgsqlConnection connection, Partition partition, DateTimeOffset since, CancellationToken cancellation) => Partitions.End(
        connection,
        partition,
        async () =>
        {
            await Partitions.MakeKept(connection, partition.Table, cancellation);
            await connection.Execute(
                $"""
                 INSERT INTO messaging.{partition.Kept}
                 SELECT * FROM {partition.Rows} AS received
                 WHERE received_at >= $1
                    OR (queue, event_id) IN (SELECT queue, event_id FROM messaging.parked_events)
                    OR (queue, event_id) IN (SELECT queue, event_id FROM messaging.dead_letters WHERE event_id IS NOT NULL)
                 """,
                cancellation,
                Value(since));
        },
        cancellation);
}
