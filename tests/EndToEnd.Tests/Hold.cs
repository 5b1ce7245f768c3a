using Npgsql;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>
/// A transaction of the test in a service's database, for which the service has to wait: it stops between two steps until the test has
/// ended it there.
/// </summary>
public sealed class Hold : IAsyncDisposable
{
    private const long Key = 5;

    private readonly TestDatabase database;
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;
    private readonly string? undo;

    private Hold(TestDatabase database, NpgsqlConnection connection, NpgsqlTransaction transaction, string? undo) =>
        (this.database, this.connection, this.transaction, this.undo) = (database, connection, transaction, undo);

    /// <summary>Holds the locks of a statement.</summary>
    public static Task<Hold> Of(Service service, string statement) => Begin(service.Database, statement, undo: null);

    /// <summary>Blocks a write after everything before it has been done.</summary>
    /// <param name="service">The service to block.</param>
    /// <param name="write">In the syntax of a trigger: <c>INSERT ON messaging.inbox FOR EACH ROW</c></param>
    public static async Task<Hold> Before(Service service, string write)
    {
        // Services wait only seconds for other locks, but as long as needed for this one.
        await Execute(
            service.Database,
            $"""
             CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
             BEGIN
                 PERFORM pg_advisory_xact_lock({Key});
                 RETURN new;
             END
             $$;
             CREATE TRIGGER gate BEFORE {write} EXECUTE FUNCTION gate()
             """);
        return await Begin(service.Database, $"SELECT pg_advisory_xact_lock({Key})", undo: "DROP FUNCTION gate CASCADE");
    }

    /// <summary>Whether the service is waiting for it.</summary>
    public Task<bool> IsWaitedFor() => database.Scalar<bool>(
        $"""
         SELECT EXISTS (
             SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND {connection.ProcessID} = ANY(pg_blocking_pids(pid)))
         """);

    /// <summary>Lets the service continue.</summary>
    public async Task End()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // The server was restarted, so nothing is waiting any more.
        }
    }

    /// <summary>Ends it. On return, the waiting transaction is committed, or rolled back if its process is dead.</summary>
    public async ValueTask DisposeAsync()
    {
        await End();
        await connection.DisposeAsync();
        if (undo is not null)
            await Execute(database, undo);
    }

    private static async Task<Hold> Begin(TestDatabase database, string statement, string? undo)
    {
        var connection = await database.Source.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(statement, connection, transaction);
        await command.ExecuteNonQueryAsync();
        return new Hold(database, connection, transaction, undo);
    }

    private static async Task Execute(TestDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
