using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>The number of a queue's dead letters in one state, at most <see cref="DeadLetterCounts.Most"/>.</summary>
internal sealed record DeadLetterCount(string Queue, DeadLetterState State, long Count);

/// <summary>Counts dead letters in bounded time.</summary>
internal static class DeadLetterCounts
{
    /// <summary>Counting stops here.</summary>
    public const int Most = 100_000;

    // In the order of the index that has both columns: an index with only one of them would read a whole queue for each state.
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

    // Steps from each queue to the next, by the index that begins with the queue.
    internal const string SelectQueues =
        """
        WITH RECURSIVE queues (queue) AS (
            SELECT min(queue) FROM messaging.dead_letters
            UNION ALL
            SELECT (SELECT min(queue) FROM messaging.dead_letters WHERE queue > queues.queue) FROM queues WHERE queue IS NOT NULL)
        SELECT queue FROM queues WHERE queue IS NOT NULL
        """;

    /// <summary>The queues that have dead letters, including queues that the service no longer has.</summary>
    public static Task<string[]> Queues(DbContext database, CancellationToken cancellationToken) =>
        database.Database.SqlQueryRaw<string>(SelectQueues).ToArrayAsync(cancellationToken);

    /// <summary>Counts every state of each queue, in the given order.</summary>
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
