using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>How many dead letters of a queue are in a state; more than <see cref="DeadLetterCounts.Most"/> are not counted.</summary>
internal sealed record DeadLetterCount(string Queue, DeadLetterState State, long Count);

/// <summary>Counts dead letters, in a time that does not grow with them.</summary>
internal static class DeadLetterCounts
{
    /// <summary>More are not counted.</summary>
    public const int Most = 100_000;

    // Ordered as the index is that has both columns: one that has only one of them would read all of a queue for each state.
    internal const string Select =
        """
        SELECT queue, state, (
            SELECT count(*) FROM (
                SELECT FROM messaging.dead_letters AS letter
                WHERE letter.state = states.state AND letter.queue = queues.queue
                ORDER BY type, exception_type, handler
                LIMIT $3) AS counted)
        FROM unnest($1) WITH ORDINALITY AS queues (queue, number), unnest($2) WITH ORDINALITY AS states (state, number)
        ORDER BY queues.number, states.number
        """;

    // From each queue to the next, by the index that begins with it.
    internal const string SelectQueues =
        """
        WITH RECURSIVE queues (queue) AS (
            SELECT min(queue) FROM messaging.dead_letters
            UNION ALL
            SELECT (SELECT min(queue) FROM messaging.dead_letters WHERE queue > queues.queue) FROM queues WHERE queue IS NOT NULL)
        SELECT queue FROM queues WHERE queue IS NOT NULL
        """;

    /// <summary>The queues that have dead letters, whether the service still has them or not.</summary>
    public static Task<string[]> Queues(DbContext database, CancellationToken cancellationToken) =>
        database.Database.SqlQueryRaw<string>(SelectQueues).ToArrayAsync(cancellationToken);

    /// <summary>Of each queue, in the given order, every state.</summary>
    public static async Task<List<DeadLetterCount>> Read(DbContext database, string[] queues, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var batch = database.CreateBatch();
        batch.Add(Select, Value(queues), Value(DeadLetterStates.Columns), Value(Most));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        var counts = new List<DeadLetterCount>();
        while (await row.ReadAsync(cancellationToken))
            counts.Add(new DeadLetterCount(row.GetString(0), DeadLetterStates.Parse(row.GetString(1)), row.GetInt64(2)));
        return counts;
    }
}
