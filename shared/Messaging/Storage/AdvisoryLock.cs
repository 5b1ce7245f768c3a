using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>
/// Locks that only one instance of a service holds at a time, by name. A connection keeps its locks until it is closed: use one outside the
/// pool, because a pooled connection keeps them after it is closed.
/// </summary>
internal static class AdvisoryLock
{
    /// <summary>
    /// The key of the lock on a queue's events of one stream, in SQL: transactions that receive, defer or close them hold it until they
    /// end.
    /// </summary>
    /// <param name="queue">An expression for the queue's name.</param>
    /// <param name="stream">An expression for the stream.</param>
    public static string KeyOfStream(string queue, string stream) => $"hashtextextended({queue} || ' ' || {stream}, 0)";

    /// <summary>A statement that locks the streams of some rows, always in the same order, and waits for the locks.</summary>
    /// <param name="queue">An expression for the queue's name.</param>
    /// <param name="stream">An expression for the stream.</param>
    /// <param name="rows">The rows that the expressions refer to: what follows FROM.</param>
    public static string OfStreams(string queue, string stream, string rows) =>
        $"""
        SELECT count(pg_advisory_xact_lock(key))
        FROM (SELECT DISTINCT {KeyOfStream(queue, stream)} AS key FROM {rows} ORDER BY key) AS keys
        """;

    /// <summary>Waits for the lock for as long as it takes.</summary>
    public static async Task Take(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT pg_advisory_lock(hashtextextended($1, 0))", connection, name);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>False when another connection holds the lock.</returns>
    public static async Task<bool> TryTake(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", connection, name);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static NpgsqlCommand Command(string sql, NpgsqlConnection connection, string name) =>
        new(sql, connection) { Parameters = { NpgsqlAccess.Value($"orderplatform {name}") } };
}
