using System.Data.Common;
using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Tells which database errors are temporary.</summary>
internal static class DatabaseErrors
{
    /// <summary>The database cannot be reached, is starting or stopping, or is out of resources: wait and try again.</summary>
    public static bool IsOutage(Exception exception) => OutageIn(exception) is not null;

    /// <summary>The outage that is behind an exception; null when it has another cause.</summary>
    public static DbException? OutageIn(Exception exception) => Find(exception, e => e switch
    {
        NotMigratedException or ConnectionLostException or CommitOutcomeUnknownException => true,
        PostgresException postgres => postgres.SqlState switch
        {
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => true,
            PostgresErrorCodes.ReadOnlySqlTransaction => true,
            var state => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal),
        },
        NpgsqlException npgsql => npgsql.IsTransient,
        _ => false,
    });

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

/// <summary>The connection was lost before the commit; the original exception may be of any type.</summary>
internal sealed class ConnectionLostException(Exception cause) : DbException("The connection to the database was lost.", cause)
{
    public override bool IsTransient => true;
}
