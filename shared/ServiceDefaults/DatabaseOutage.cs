using System.Data.Common;
using System.Net.Sockets;

namespace OrderPlatform.ServiceDefaults;

/// <summary>Tells an outage from a bug, for any ADO.NET provider.</summary>
internal static class DatabaseOutage
{
    /// <summary>Whether the database was not there: refused, broken off, timed out, starting or shutting down.</summary>
    /// <remarks>EF Core and others wrap what the provider throws, so the whole chain counts.</remarks>
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
        // Connection exceptions; PostgreSQL shutting down or starting up; a standby that is not promoted yet.
        || exception.SqlState is ['0', '8', ..] or ['5', '7', 'P', ..] or "25006";
}
