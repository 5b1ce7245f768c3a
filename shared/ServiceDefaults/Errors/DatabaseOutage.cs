using System.Data.Common;
using System.Net.Sockets;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Distinguishes an outage from a bug, for any ADO.NET provider.</summary>
internal static class DatabaseOutage
{
    /// <summary>Whether the database was unavailable: connection refused or lost, timeout, server starting up or shutting down.</summary>
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
        || exception.GetBaseException() is TimeoutException or SocketException
        // Connection exceptions; PostgreSQL shutting down or starting up; a standby that has not been promoted.
        || exception.SqlState is ['0', '8', ..] or ['5', '7', 'P', ..] or "25006";
}
