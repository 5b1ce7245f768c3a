using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Distinguishes an outage from a bug, for any ADO.NET provider.</summary>
internal static class DatabaseOutage
{
    /// <summary>
    /// Whether the database was unavailable: a refused login or connection, a lost connection, a timeout, or a server that is starting,
    /// stopping or read-only.
    /// </summary>
    /// <remarks>Checks inner exceptions as well, because EF Core wraps those of the provider.</remarks>
    public static bool IsCauseOf(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException database && IsOutage(database))
                return true;
        }

        return false;
    }

    private static bool IsOutage(DbException exception) =>
        exception.IsTransient
        || Causes(exception).Any(cause => cause is TimeoutException or SocketException or AuthenticationException)
        // https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exceptions; a refused login; no such database; out of
        // resources; a database that accepts no connections; shutdown or start; a read-only session; one without its prepared statements.
        || exception.SqlState
            is ['0', '8', ..] or ['2', '8', ..] or "3D000" or ['5', '3', ..] or "55000" or ['5', '7', 'P', ..]
            or "25006" or "26000" or "42P05";

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
            yield return exception;
    }
}
