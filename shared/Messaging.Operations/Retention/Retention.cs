using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Sees to it that event log and inbox have partitions for the time to come, and that what is older than anybody wants to keep is archived
/// and dropped. One instance of a service does so at a time.
/// </summary>
internal sealed partial class Retention(
    DatabaseAddress address,
    DatabaseStartup database,
    LogRetention log,
    InboxRetention inbox,
    MessagingOptions options,
    RetentionMetrics metrics,
    TimeProvider clock,
    ILogger<Retention> logger) : BackgroundService
{
    private const string TryLock = "SELECT pg_try_advisory_lock(hashtextextended('orderplatform retention', 0))";

    /// <summary>One run.</summary>
    /// <returns>False when another instance is at it.</returns>
    internal async Task<bool> Run(CancellationToken cancellationToken)
    {
        // All statements on the connection that has the lock: who loses it does nothing more.
        await using var connection = address.CreateUnpooled();
        await connection.OpenAsync(cancellationToken);
        await using (var tryLock = new NpgsqlCommand(TryLock, connection))
        {
            if (await tryLock.ExecuteScalarAsync(cancellationToken) is not true)
                return false;
        }

        // To archive a partition can take hours: before each, all else is seen to.
        bool ended;
        do
        {
            foreach (var table in Partitions.Tables)
                await Partitions.MakeAhead(connection, table, options.Retention, clock.GetUtcNow(), cancellationToken);
            await EndInbox(connection, cancellationToken);
            ended = await EndLog(connection, cancellationToken);
            metrics.Succeeded();
        }
        while (ended);
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(options.Retention.Interval);
        do
        {
            try
            {
                await Run(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                metrics.Failed();
                Failed(logger, exception is ArchiveException ? exception.Message : exception.GetBaseException().Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task EndInbox(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (options.Retention.InboxDays is not { } days)
            return;
        var over = clock.GetUtcNow().AddDays(-days);
        while (await Partitions.Oldest(connection, Partitions.Inbox, over, cancellationToken) is { } partition)
        {
            await inbox.End(connection, partition, over, cancellationToken);
            metrics.Dropped(partition);
            Dropped(logger, partition.Name);
        }
    }

    /// <summary>Ends one partition of the log, if one is over.</summary>
    private async Task<bool> EndLog(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (options.Retention.LogDays is not { } days
            || await Partitions.Oldest(connection, Partitions.Log, clock.GetUtcNow().AddDays(-days), cancellationToken) is not { } partition)
        {
            return false;
        }

        var events = await log.End(connection, partition, cancellationToken);
        metrics.Archived(events);
        metrics.Dropped(partition);
        Archived(logger, partition.Name, events);
        return true;
    }

    [LoggerMessage(LogLevel.Information, "{Partition} was dropped")]
    private static partial void Dropped(ILogger logger, string partition);

    [LoggerMessage(LogLevel.Information, "{Partition} was dropped; {Events} events are archived")]
    private static partial void Archived(ILogger logger, string partition, long events);

    [LoggerMessage(LogLevel.Error, "History could not be ended; nothing is lost, and it is tried again later: {Reason}")]
    private static partial void Failed(ILogger logger, string reason);
}
