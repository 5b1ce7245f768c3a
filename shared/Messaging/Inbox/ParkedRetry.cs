using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>
/// Retries parked events whose handlers threw when their turn came, and in the end moves them to the error queue. They can
/// not fail with a message of their own: the broker has forgotten them.
/// </summary>
internal sealed partial class ParkedRetry(
    NpgsqlDataSource source,
    GroupTransaction transaction,
    ErrorQueue errors,
    DatabaseStartup database,
    MessagingOptions options,
    ILogger<ParkedRetry> logger) : BackgroundService
{
    private const string SelectFailed =
        "SELECT DISTINCT queue, stream FROM messaging.parked_events WHERE failures > 0 LIMIT 100";

    private const string CountFailure =
        "UPDATE messaging.parked_events SET failures = failures + 1 WHERE queue = $1 AND event_id = $2 RETURNING failures";

    private const string Forget = "DELETE FROM messaging.parked_events WHERE queue = $1 AND event_id = $2";

    // What is redriven from the error queue must not be taken for a duplicate.
    private const string ForgetInbox = "DELETE FROM messaging.inbox WHERE queue = $1 AND event_id = $2";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(options.ParkedRetryInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var (queue, stream) in await FailedStreams(stoppingToken))
                    await Retry(queue, stream, stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                NextTime(logger, exception.GetBaseException().Message);
            }
        }
    }

    private async Task Retry(string queue, string stream, CancellationToken stop)
    {
        try
        {
            await transaction.Resume(queue, stream, stop);
        }
        catch (ParkedEventFailedException failure)
        {
            await using var count = source.CreateCommand(CountFailure);
            count.Parameters.Add(Value(queue));
            count.Parameters.Add(Value(failure.Event.EventId));
            if (await count.ExecuteScalarAsync(stop) is int failures && failures > options.Retries)
                await MoveToErrorQueue(queue, failure, failures, stop);
        }
    }

    /// <summary>Publishes first, then forgets: a crash between leaves a second copy, which the inbox drops.</summary>
    private async Task MoveToErrorQueue(string queue, ParkedEventFailedException failure, int failures, CancellationToken stop)
    {
        await errors.Add(queue, failure.Event, failure.InnerException!, failures, stop);
        await using var batch = source.CreateBatch();
        batch.Add(Forget, Value(queue), Value(failure.Event.EventId));
        batch.Add(ForgetInbox, Value(queue), Value(failure.Event.EventId));
        await batch.ExecuteNonQueryAsync(stop);
        Moved(logger, failure.InnerException!, failure.Event.EventId, failure.Event.Type, queue);
    }

    private async Task<List<(string Queue, string Stream)>> FailedStreams(CancellationToken stop)
    {
        await using var command = source.CreateCommand(SelectFailed);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var streams = new List<(string, string)>();
        while (await reader.ReadAsync(stop))
            streams.Add((reader.GetString(0), reader.GetString(1)));
        return streams;
    }

    [LoggerMessage(LogLevel.Warning, "Parked events are tried again later: {Reason}")]
    private static partial void NextTime(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "The parked event {EventId} ({Type}) keeps failing and was moved to {Queue}_error")]
    private static partial void Moved(ILogger logger, Exception exception, Guid eventId, string type, string queue);
}
