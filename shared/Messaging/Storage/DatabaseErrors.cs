using Npgsql;

namespace OrderPlatform.Messaging;

/// <summary>Which database errors pass by themselves.</summary>
internal static class DatabaseErrors
{
    /// <summary>The database can not be reached, is starting or stopping, or is out of resources: wait and try again.</summary>
    public static bool IsOutage(Exception exception) => Any(exception, e => e switch
    {
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
    public static bool IsConflict(Exception exception) => Any(exception, e => e is PostgresException
    {
        SqlState: PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.UniqueViolation,
    });

    private static bool Any(Exception? exception, Func<Exception, bool> test)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (test(exception))
                return true;
        }

        return false;
    }
}
