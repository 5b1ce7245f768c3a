using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Creates partitions of event log and inbox ahead of time, and archives and drops those that are older than the settings allow. One
/// instance of a service does so at a time.
/// </summary>
internal sealed partial class RetentionWorker(
    DatabaseAddress address,
    DatabaseStartup database,
    LogRetention log,
    InboxRetention inbox,
    RetentionOptions options,
    RetentionMetrics metrics,
    TimeProvider clock,
    ILogger<RetentionWorker> logger) : BackgroundLoop(database.Ready, options.Interval)
{
    private readonly TaskCompletionSource firstRun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first run of this instance has ended, successfully or not.</summary>
    internal Task FirstRun => firstRun.Task;

    /// <summary>Runs once: everything that is due.</summary>
    /// <returns>False when another instance is running.</returns>
    internal async Task<bool> RunOnce(CancellationToken cancellationToken)
    {
        // All statements use the connection that has the lock: when it is lost, nothing more is done.
        await using var connection = address.CreateUnpooled();
        await connection.OpenAsync(cancellationToken);
        if (!await AdvisoryLock.TryTake(connection, "retention", cancellationToken))
            return false;

        // Archiving a partition can take hours, so everything else is done again before each.
        bool ended;
        do
        {
            foreach (var table in Partitions.Tables)
                await Partitions.MakeAhead(connection, table, options, clock.GetUtcNow(), cancellationToken);
            await EndInbox(connection, cancellationToken);
            ended = await EndLog(connection, cancellationToken);
            metrics.Succeeded();
        }
        while (ended);
        return true;
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        try
        {
            await RunOnce(stoppingToken);
        }
        finally
        {
            firstRun.TrySetResult();
        }
    }

    protected override void Interrupted(Exception exception)
    {
        metrics.Failed();
        Failed(logger, exception is ArchiveException ? exception.Message : exception.GetBaseException().Message);
    }

    private async Task EndInbox(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (options.InboxDays is not { } days)
            return;
        var over = clock.GetUtcNow().AddDays(-days);
        while (await Partitions.Oldest(connection, Partitions.Inbox, over, cancellationToken) is { } partition)
        {
            await inbox.End(connection, partition, over, cancellationToken);
            metrics.Dropped(partition);
            Dropped(logger, partition.Name);
        }
    }

    /// <summary>Archives and drops one partition of the log, if one is old enough.</summary>
    private async Task<bool> EndLog(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (options.LogDays is not { } days
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

    [LoggerMessage(LogLevel.Information, "{Partition} was dropped; {Events} events were archived")]
    private static partial void Archived(ILogger logger, string partition, long events);

    [LoggerMessage(LogLevel.Error, "Retention failed ({Reason}); nothing is lost, retrying at the next interval")]
    private static partial void Failed(ILogger logger, string reason);
}
