using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>The messages of one broker queue. While the database is away they wait here, unacknowledged.</summary>
internal sealed partial class ReceiveQueue(
    string name,
    BatchTransaction transaction,
    DatabaseStartup database,
    MessagingMetrics metrics,
    MessagingOptions options,
    TimeProvider clock,
    ILogger<ReceiveQueue> logger)
    : BatchQueue<ReceivedMessage>(options.GroupSize, options.GatherMessages, clock)
{
    private const int Attempts = 3;

    public string Name => name;

    /// <summary>Completes when the event's effect, or its deferral, is committed; fails when its own handler fails.</summary>
    public Task Run(EventEnvelope message)
    {
        var unit = new ReceivedMessage(message);
        Add(unit);
        return unit.Done;
    }

    protected override async Task Commit(List<ReceivedMessage> group, CancellationToken stoppingToken)
    {
        try
        {
            if (group.Count > 1 && await TryCommit(group, stoppingToken))
                return;
            foreach (var unit in group)
                await CommitAlone(unit, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing is acknowledged: the broker gives the messages to the next consumer.
        }
    }

    /// <summary>False when the messages are to be tried one by one.</summary>
    private async Task<bool> TryCommit(List<ReceivedMessage> group, CancellationToken stoppingToken)
    {
        try
        {
            await WhenTheDatabaseIsThere([.. group.Select(unit => unit.Message)], FrozenSet<Guid>.Empty, stoppingToken);
            group.ForEach(unit => unit.Succeed());
            return true;
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            GroupFailed(logger, exception, name, group.Count);
            return false;
        }
    }

    private async Task CommitAlone(ReceivedMessage unit, CancellationToken stoppingToken)
    {
        var failed = new HashSet<Guid>();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WhenTheDatabaseIsThere([unit.Message], failed, stoppingToken);
                unit.Succeed();
                return;
            }
            catch (DeferredEventFailedException exception)
            {
                DeferredEventFailed(logger, exception.InnerException!, exception.Event.EventId, exception.Event.Type, name);
                metrics.Of(name).Failed(exception.Event);
                failed.Add(exception.Event.EventId);
            }
            catch (Exception exception) when (DatabaseErrors.IsConflict(exception) && attempt < Attempts)
            {
                // Somebody else was faster; their rows are visible to the next attempt.
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                metrics.Of(name).Failed(unit.Message);
                unit.Fail(exception);
                return;
            }
        }
    }

    private async Task WhenTheDatabaseIsThere(IReadOnlyList<EventEnvelope> messages, IReadOnlySet<Guid> failed, CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                await transaction.Run(name, messages, failed, CancellationToken.None);
                return;
            }
            catch (Exception exception) when (DatabaseErrors.IsOutage(exception))
            {
                DatabaseAway(logger, name, messages.Count, exception.GetBaseException().Message);
                await backoff.Wait(stoppingToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Queue}: {Count} messages wait for the database: {Reason}")]
    private static partial void DatabaseAway(ILogger logger, string queue, int count, string reason);

    [LoggerMessage(LogLevel.Warning, "{Queue}: a group of {Count} messages failed; they are tried one by one")]
    private static partial void GroupFailed(ILogger logger, Exception exception, string queue, int count);

    [LoggerMessage(LogLevel.Error, "{Queue}: the deferred event {EventId} ({Type}) failed")]
    private static partial void DeferredEventFailed(ILogger logger, Exception exception, Guid eventId, string type, string queue);
}

/// <summary>A message that waits for its group.</summary>
internal sealed class ReceivedMessage(EventEnvelope message)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EventEnvelope Message => message;

    public Task Done => done.Task;

    public void Succeed() => done.SetResult();

    public void Fail(Exception exception) => done.SetException(exception);
}
