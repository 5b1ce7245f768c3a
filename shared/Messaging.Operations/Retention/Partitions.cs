using Npgsql;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>The partitions of event log and inbox.</summary>
internal static class Partitions
{
    public const string Log = "event_log";
    public const string Inbox = "inbox";

    public static readonly string[] Tables = [Log, Inbox];

    /// <summary>Attempts to change the catalog while others use it.</summary>
    private const int Attempts = 20;

    private const string Make = "SELECT messaging.make_partitions($1, $2, $3, $4)";

    private const string SelectOldest =
        "SELECT name, since, until FROM messaging.partitions($1) WHERE since IS NOT NULL AND until <= $2 LIMIT 1";

    // For statements that read whole tables; all others find rows by their keys.
    public const string ReadTables = "SET LOCAL enable_seqscan = on";

    // Transactions behind ours in the queue for a lock wait as well, so we do not wait long.
    private const string ShortLocks = "SET LOCAL lock_timeout = '250ms'";

    /// <summary>Creates the partitions for the coming weeks that are missing.</summary>
    public static Task MakeAhead(
        NpgsqlConnection connection, string table, RetentionOptions options, DateTimeOffset now, CancellationToken cancellationToken) =>
        InTransaction(
            connection,
            () => connection.Execute(
                Make, cancellationToken, Value(table), Value(options.PartitionDays), Value(options.PartitionsAhead), Value(now)),
            cancellationToken);

    /// <summary>The oldest partition, if it ended before a time; otherwise null.</summary>
    public static async Task<Partition?> Oldest(
        NpgsqlConnection connection, string table, DateTimeOffset over, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SelectOldest, connection) { Parameters = { Value(table), Value(over) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Partition(table, reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2))
            : null;
    }

    /// <summary>
    /// Creates an empty table for the rows of a partition that are kept, replacing the one that an interrupted run has left.
    /// </summary>
    public static Task MakeKept(NpgsqlConnection connection, string table, CancellationToken cancellationToken) => InTransaction(
        connection,
        () => connection.Execute(
            $"DROP TABLE IF EXISTS messaging.{table}_kept; SELECT messaging.create_partition('{table}', '{table}_kept')", cancellationToken),
        cancellationToken);

    /// <summary>
    /// Drops a partition and the previous past partition, except for rows that are kept. Until then, both can be read but not written.
    /// </summary>
    /// <param name="partition">The oldest partition.</param>
    /// <param name="keep">Completes or checks the rows that are kept, while the tables are locked.</param>
    /// <param name="cancellationToken">Ends the transaction without a commit.</param>
    public static Task End(
        NpgsqlConnection connection, Partition partition, Func<Task> keep, CancellationToken cancellationToken) => InTransaction(
        connection,
        async () =>
        {
            await connection.Execute($"LOCK TABLE messaging.{partition.Name}, messaging.{partition.Past} IN SHARE MODE", cancellationToken);
            await keep();
            await connection.Execute(
                "SELECT messaging.end_partition($1, $2, $3)",
                cancellationToken,
                Value(partition.Table),
                Value(partition.Name),
                Value(partition.Until));
        },
        cancellationToken);

    public static async Task Execute(
        this NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Runs work whose locks others may hold. If they are not free in a moment, it gives way and retries, a limited number of times.
    /// </summary>
    public static Task InTransaction(NpgsqlConnection connection, Func<Task> work, CancellationToken cancellationToken)
    {
        var failures = 0;
        return Backoff.Retry(
            async () =>
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await connection.Execute(ShortLocks, cancellationToken);
                await work();
                await transaction.CommitAsync(cancellationToken);
            },
            exception => exception is PostgresException postgres && DatabaseErrors.IsConflict(postgres) && failures < Attempts - 1,
            _ => failures++,
            cancellationToken);
    }
}

/// <summary>A partition with both bounds.</summary>
/// <param name="Name">The name of its own table.</param>
/// <param name="Since">The time in its ids begins here, inclusive.</param>
/// <param name="Until">The time in its ids ends here, exclusive.</param>
internal sealed record Partition(string Table, string Name, DateTimeOffset Since, DateTimeOffset Until)
{
    /// <summary>The partition for rows that are older than all other partitions.</summary>
    public string Past => $"{Table}_past";

    /// <summary>The table with the rows that are kept, which becomes the new past partition.</summary>
    public string Kept => $"{Table}_kept";

    /// <summary>SQL that selects all rows of this and the past partition.</summary>
    public string Rows => $"(SELECT * FROM messaging.{Name} UNION ALL SELECT * FROM messaging.{Past})";
}
