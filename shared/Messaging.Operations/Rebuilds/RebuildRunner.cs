using System.Buffers.Binary;
using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Jobs;
using OrderPlatform.Messaging.Operations.Pacing;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>
/// Compares rows with the fold of their events, a few hundred at a time and each time in one snapshot: row and event are committed
/// together, so a snapshot has both or neither, without locks. Only rows that differ are locked, to be compared again and repaired.
/// </summary>
internal sealed class RebuildRunner(
    RebuildTable rebuilds,
    IEnumerable<RowFold> folds,
    EventTypes types,
    IServiceScopeFactory scopes,
    DatabaseAddress address,
    DatabaseStartup database,
    JobOptions options,
    BackgroundThrottle throttle,
    ILogger<RebuildRunner> logger) : JobRunner<Rebuild>(rebuilds, address, database, options.JobPollInterval, logger)
{
    private const int RowsAtOnce = 500;
    private const int PositionsAtOnce = 5000;

    private readonly RowFold[] folds = [.. folds];

    protected override async Task Run(Guid id, CancellationToken stoppingToken)
    {
        // Read again each time: it rests much longer than it works, and may be cancelled meanwhile.
        while (await rebuilds.Find(id, stoppingToken) is { State: JobState.Running } rebuild)
        {
            var turn = throttle.Begin();
            var cursor = rebuild.Cursor ?? new RebuildCursor(0, null, null);
            if (cursor.Table < folds.Length)
                await Advance(rebuild, cursor, folds[cursor.Table], stoppingToken);
            else
                await rebuilds.Change(id, [JobState.Running], JobState.Completed, stoppingToken);
            Progressed();
            await turn.Rest(stoppingToken);
        }
    }

    /// <summary>Compares the next rows, or looks for the next events without a row; repairs if asked to, and reports.</summary>
    private async Task Advance(Rebuild rebuild, RebuildCursor cursor, RowFold fold, CancellationToken stoppingToken)
    {
        var (report, next) = await InTransaction(
            IsolationLevel.RepeatableRead, (db, table) => Check(db, table, cursor, stoppingToken), fold, stoppingToken);
        // Repairs and their report are committed together, or not at all.
        await InTransaction(
            IsolationLevel.ReadCommitted,
            async (db, table) =>
            {
                var repairable = rebuild.Mode == RebuildMode.Repair ? report.Repairable : [];
                var repaired = repairable.Count > 0 ? await Repair(db, table, repairable, stoppingToken) : 0;
                return await rebuilds.Checked(db, rebuild, report, repaired, next, stoppingToken);
            },
            fold,
            stoppingToken);
    }

    /// <summary>Commits the work, unless its result is null.</summary>
    private async Task<T> InTransaction<T>(
        IsolationLevel isolation, Func<DbContext, FoldedTable, Task<T>> work, RowFold fold, CancellationToken stoppingToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(isolation, stoppingToken);
        var result = await work(db, new FoldedTable(db, fold, types));
        if (result is not null)
            await transaction.CommitAsync(stoppingToken);
        return result;
    }

    private static async Task<(RebuildReport Report, RebuildCursor Next)> Check(
        DbContext db, FoldedTable table, RebuildCursor cursor, CancellationToken stoppingToken)
    {
        var report = new RebuildReport();
        var log = db.Set<LoggedEvent>();
        if (cursor.Position is { } position)
        {
            var last = await log.MaxAsync(logged => (long?)logged.Position, stoppingToken) ?? 0;
            var end = Math.Min(last, position + PositionsAtOnce);
            var missing = await table.StreamsWithoutRow(position, end, stoppingToken);
            var complete = await table.Fold(missing, stoppingToken);
            foreach (var stream in missing)
                report.WithoutRow(stream, complete.ContainsKey(stream.StreamId));
            return (report, end < last ? cursor with { Position = end } : new RebuildCursor(cursor.Table + 1, null, null));
        }

        var rows = await table.RowsAfter(cursor.Key, RowsAtOnce, stoppingToken);
        var folded = await table.Fold(rows, stoppingToken);
        var horizon = await ArchivedUntil(db, stoppingToken);
        foreach (var row in rows)
        {
            if (folded.TryGetValue(row.StreamId, out var events))
                report.Compared(row, [.. table.Compare(row, events)]);
            else
                report.WithoutAllEvents(row, mayBeArchived: MayBeOlder(table.KeyOf(row), horizon));
        }

        return (report, rows.Count == RowsAtOnce
            ? cursor with { Key = table.JsonKeyOf(rows[^1]) }
            : cursor with { Position = await log.MinAsync(logged => (long?)logged.Position, stoppingToken) - 1 ?? 0 });
    }

    /// <summary>Compares again, on locked rows to whose streams no event can be added meanwhile.</summary>
    private static async Task<int> Repair(DbContext db, FoldedTable table, IReadOnlyList<EventSourcedEntity> streams, CancellationToken stoppingToken)
    {
        var rows = (await table.Lock(streams, stoppingToken)).ToDictionary(row => row.StreamId);
        foreach (var (stream, folded) in await table.Fold(streams, stoppingToken))
        {
            if (!rows.TryGetValue(stream, out var row))
            {
                db.Add(folded);
                continue;
            }

            foreach (var (property, _, log) in table.Compare(row, folded))
                db.Entry(row).Property(property).CurrentValue = log;
        }

        return await db.SaveChangesAsync(stoppingToken);
    }

    /// <summary>Events from before this time may be in an archive instead of the log: it is where the first partition begins.</summary>
    private static Task<DateTimeOffset> ArchivedUntil(DbContext db, CancellationToken stoppingToken) => db.Database
        .SqlQuery<DateTimeOffset>($"""SELECT until AS "Value" FROM messaging.partitions('event_log') WHERE name = 'event_log_past'""")
        .SingleAsync(stoppingToken);

    /// <summary>A row is not older than its id if that is a UUIDv7; the age of other rows is unknown.</summary>
    private static bool MayBeOlder(object key, DateTimeOffset time) => key is not Guid { Version: 7 } id
        || BinaryPrimitives.ReadInt64BigEndian(id.ToByteArray(bigEndian: true)) >>> 16 < time.ToUnixTimeMilliseconds();
}
