using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>
/// Retries deferred events without waiting for another event of their stream: soon, if they failed when it was their turn; from time to
/// time, because their predecessor may have been handled otherwise. Those that keep failing become dead letters, in the transaction that
/// removes them: they cannot go through an error queue, because the broker no longer has them. Without a dead-letter store they stay
/// deferred.
/// </summary>
internal sealed partial class DeferredRetry(
    NpgsqlDataSource source,
    DeferredEvents deferredEvents,
    IEnumerable<IDeadLetterTable> deadLetters,
    MessagingMetrics metrics,
    DatabaseStartup database,
    InboxOptions options,
    ILogger<DeferredRetry> logger) : BackgroundLoop(database.Ready, options.DeferredRetryInterval)
{
    private const string SelectDue =
        """
        SELECT DISTINCT queue, stream
        FROM (SELECT queue, stream FROM messaging.deferred_events WHERE retry_at <= now() ORDER BY retry_at LIMIT 100) AS due
        """;

    // Instances that retry at the same time count one failure: the first one postpones the next attempt.
    private const string CountFailure =
        """
        UPDATE messaging.deferred_events
        SET failures = failures + 1, retry_at = now() + least(power(2, failures), 60) * interval '1 second'
        WHERE queue = $1 AND event_id = $2 AND retry_at <= now()
        RETURNING failures
        """;

    private readonly IDeadLetterTable? deadLetters = deadLetters.SingleOrDefault();

    protected override async Task Run(CancellationToken stoppingToken)
    {
        foreach (var (queue, stream) in await Due(stoppingToken))
            await Retry(queue, stream, stoppingToken);
    }

    protected override void Interrupted(Exception exception)
    {
        source.DropIfBroken(exception);
        Interrupted(logger, exception.GetBaseException().Message);
    }

    private async Task Retry(string queue, string stream, CancellationToken stoppingToken)
    {
        try
        {
            await deferredEvents.Resume(queue, stream, write: null, stoppingToken);
        }
        catch (DeferredEventFailedException failure)
        {
            metrics.Of(queue).Failed(failure.Event);
            await using var count = source.CreateCommand(CountFailure);
            count.Parameters.Add(Value(queue));
            count.Parameters.Add(Value(failure.Event.EventId));
            if (await count.ExecuteScalarAsync(stoppingToken) is int failures && failures > options.Retries && deadLetters is not null)
                await File(deadLetters, queue, failure.Event, failure.InnerException!, stoppingToken);
        }
    }

    /// <summary>At every moment the event is either deferred or a dead letter.</summary>
    private async Task File(
        IDeadLetterTable table, string queue, EventEnvelope deferred, Exception cause, CancellationToken stoppingToken)
    {
        if (!await deferredEvents.Remove(queue, deferred, batch => table.AddTo(batch, queue, deferred, cause), stoppingToken))
            return;
        metrics.Of(queue).DeadLettered(deferred.Type);
        Filed(logger, cause, deferred.EventId, deferred.Type, queue);
    }

    private async Task<List<(string Queue, string Stream)>> Due(CancellationToken stoppingToken)
    {
        await using var command = source.CreateCommand(SelectDue);
        await using var reader = await command.ExecuteReaderAsync(stoppingToken);
        var streams = new List<(string, string)>();
        while (await reader.ReadAsync(stoppingToken))
            streams.Add((reader.GetString(0), reader.GetString(1)));
        return streams;
    }

    [LoggerMessage(LogLevel.Warning, "Deferred events cannot be retried ({Reason}); trying again at the next interval")]
    private static partial void Interrupted(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "Deferred event {EventId} ({Type}) of {Queue} keeps failing; it is now a dead letter")]
    private static partial void Filed(ILogger logger, Exception exception, Guid eventId, string type, string queue);
}
