using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.History;

/// <summary>
/// Finds the positions of a time range in the log. Positions almost ascend with time, so a binary search by the primary key finds them
/// without an index on the time, which every insert would have to maintain.
/// </summary>
internal static class LogPositions
{
    /// <summary>
    /// How far the order of positions may differ from the order of times. An event's time is taken before its position, in a transaction
    /// that waits for no lock longer than seconds; and the clocks of instances may differ.
    /// </summary>
    private static readonly TimeSpan Disorder = TimeSpan.FromMinutes(1);

    // Invariant: the first row at or after hi is not before the time, and all rows before lo are.
    private const string Search =
        """
        WITH RECURSIVE search (lo, hi) AS (
            SELECT (SELECT min(position) FROM messaging.event_log), (SELECT max(position) + 1 FROM messaging.event_log)
            UNION ALL
            SELECT
                CASE WHEN probe.occurred_at >= {0} THEN lo ELSE probe.position + 1 END,
                CASE WHEN probe.occurred_at >= {0} THEN (lo + hi) / 2 ELSE hi END
            FROM search, LATERAL (
                SELECT position, occurred_at FROM messaging.event_log WHERE position >= (lo + hi) / 2 ORDER BY position LIMIT 1) AS probe
            WHERE lo < hi
        )
        SELECT coalesce((SELECT min(lo) FROM search WHERE lo >= hi), 0) AS "Value"
        """;

    /// <summary>
    /// The first and last position between which all events of a time range are; the last is less than the first when there are none.
    /// </summary>
    public static async Task<(long First, long Last)> Of(
        DbContext database, DateTimeOffset? since, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var log = database.Set<LoggedEvent>();
        var first = since is { } from
            ? await Find(database, from - DateTimeOffset.MinValue > Disorder ? from - Disorder : from, cancellationToken)
            : await log.MinAsync(logged => (long?)logged.Position, cancellationToken) ?? 0;
        var last = until is { } to
            ? await Find(database, DateTimeOffset.MaxValue - to > Disorder ? to + Disorder : to, cancellationToken) - 1
            : await log.MaxAsync(logged => (long?)logged.Position, cancellationToken) ?? -1;
        return (first, last);
    }

    /// <summary>The first position that is not before a time, as if positions were in the order of times.</summary>
    private static Task<long> Find(DbContext database, DateTimeOffset time, CancellationToken cancellationToken) =>
        database.Database.SqlQueryRaw<long>(Search, time.ToUniversalTime()).SingleAsync(cancellationToken);
}
