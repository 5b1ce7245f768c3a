using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>
/// Tries deferred events again without waiting for another event of their stream: soon, when they failed as their turn came; now and
/// then, when what they wait for may have come by another way. Those that keep failing become dead letters, in the transaction that
/// takes them out. They cannot fail by way of the error queue: the broker has forgotten them.
/// </summary>
internal sealed partial class DeferredRetry(
    NpgsqlDataSource source,
    BatchTransaction transaction,
    DeadLetterStore filing,
    MessagingMetrics metrics,
    DatabaseStartup database,
    MessagingOptions options,
    TimeProvider clock,
    ILogger<DeferredRetry> logger) : BackgroundService
{
    private const string SelectDue =
        """
        SELECT DISTINCT queue, stream
        FROM (SELECT queue, stream FROM messaging.deferred_events WHERE retry_at <= now() ORDER BY retry_at LIMIT 100) AS due
        """;

    // Instances that try at once count one failure: the first puts the next attempt off.
    private const string CountFailure =
        """
        UPDATE messaging.deferred_events
        SET failures = failures + 1, retry_at = now() + least(power(2, failures), 60) * interval '1 second'
        WHERE queue = $1 AND event_id = $2 AND retry_at <= now()
        RETURNING failures
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(options.DeferredRetryInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var (queue, stream) in await Due(stoppingToken))
                    await Retry(queue, stream, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                NextTime(logger, exception.GetBaseException().Message);
            }
        }
    }

    private async Task Retry(string queue, string stream, CancellationToken stoppingToken)
    {
        try
        {
            await transaction.Resume(queue, stream, stoppingToken);
        }
        catch (DeferredEventFailedException failure)
        {
            metrics.Of(queue).Failed(failure.Event);
            await using var count = source.CreateCommand(CountFailure);
            count.Parameters.Add(Value(queue));
            count.Parameters.Add(Value(failure.Event.EventId));
            if (await count.ExecuteScalarAsync(stoppingToken) is int failures && failures > options.Retries)
                await File(queue, failure.Event, failure.InnerException!, stoppingToken);
        }
    }

    /// <summary>At no time is it in neither place: whoever asks finds it deferred, or as a dead letter.</summary>
    private async Task File(string queue, EventEnvelope deferred, Exception cause, CancellationToken stoppingToken)
    {
        var letter = FailedMessages.Of(queue, deferred, cause, clock.GetUtcNow());
        if (!await transaction.TakeOut(queue, deferred, batch => filing.AddTo(batch, [letter]), stoppingToken))
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

    [LoggerMessage(LogLevel.Warning, "Deferred events are tried again later: {Reason}")]
    private static partial void NextTime(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "The deferred event {EventId} ({Type}) of {Queue} keeps failing and became a dead letter")]
    private static partial void Filed(ILogger logger, Exception exception, Guid eventId, string type, string queue);
}
