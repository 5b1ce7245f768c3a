using System.Data.Common;
using System.Security.Authentication;
using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Tells which database errors are temporary.</summary>
internal static class DatabaseErrors
{
    /// <summary>
    /// The database cannot be reached, refuses the connection, or says "not now": wait and try again. A statement without the privilege
    /// (42501) is not an outage: the other messages of the queue need not wait for it.
    /// </summary>
    public static bool IsOutage(Exception exception) => OutageIn(exception) is not null;

    /// <summary>The outage that is behind an exception; null when it has another cause.</summary>
    public static DbException? OutageIn(Exception exception) => Find(exception, e => e switch
    {
        NotMigratedException or ConnectionLostException or CommitOutcomeUnknownException => true,
        // The server refused or ended the session, for any reason: no login, no CONNECT privilege, no connections accepted.
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => true,
        PostgresException postgres => IsOutage(postgres.SqlState) || IsSessionBroken(postgres.SqlState),
        // The server's certificate is not trusted, or it demands one of the client.
        NpgsqlException { InnerException: AuthenticationException } => true,
        NpgsqlException npgsql => npgsql.IsTransient,
        _ => false,
    });

    /// <summary>
    /// The session is no longer usable although its connection is open: it has become read-only (25006), as after a failover or a change of
    /// <c>default_transaction_read_only</c>, or it disagrees with the client about prepared statements (42P05, 26000).
    /// </summary>
    public static bool IsSessionBroken(Exception exception) =>
        Find(exception, e => e is PostgresException postgres && IsSessionBroken(postgres.SqlState)) is not null;

    /// <summary>If a session is broken, closes the idle ones now, and those in use when they return to the pool.</summary>
    public static void DropIfBroken(this NpgsqlDataSource source, Exception exception)
    {
        if (IsSessionBroken(exception))
            source.Clear();
    }

    /// <summary>Another transaction was in the way: try again at once, on fresh rows.</summary>
    public static bool IsConflict(Exception exception) => Find(exception, e => e is PostgresException
    {
        SqlState: PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.UniqueViolation,
    }) is not null;

    /// <summary>An outage or a conflict: nothing is wrong with the data.</summary>
    public static bool IsTemporary(Exception exception) => IsOutage(exception) || IsConflict(exception);

    /// <summary>Source: https://www.postgresql.org/docs/current/errcodes-appendix.html.</summary>
    private static bool IsOutage(string state) => state
        is ['0', '8', ..] // connection
        or ['2', '8', ..] // user, password or pg_hba.conf
        or "3D000" // no such database
        or ['5', '3', ..] // out of resources, such as connections or disk space
        or ['5', '7', 'P', ..]; // shutdown, start, database dropped, session idle for too long

    private static bool IsSessionBroken(string state) => state
        is PostgresErrorCodes.ReadOnlySqlTransaction
        or PostgresErrorCodes.DuplicatePreparedStatement
        or PostgresErrorCodes.InvalidSqlStatementName;

    private static DbException? Find(Exception? exception, Func<DbException, bool> test)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DbException error && test(error))
                return error;
        }

        return null;
    }
}

/// <summary>The connection was lost during the commit: it is unknown whether it succeeded.</summary>
internal sealed class CommitOutcomeUnknownException(Exception cause)
    : DbException("The connection to the database was lost during the commit; it is unknown whether the change was made.", cause)
{
    public override bool IsTransient => true;
}

/// <summary>The connection was refused, or lost before the commit; the original exception may be of any type.</summary>
internal sealed class ConnectionLostException(Exception cause) : DbException("The connection to the database was refused or lost.", cause)
{
    public override bool IsTransient => true;
}
