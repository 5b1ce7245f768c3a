using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging;

/// <summary>The messages of one broker queue. While the database is away they wait here, unacknowledged.</summary>
internal sealed partial class MessageQueue(
    string name,
    GroupTransaction transaction,
    DatabaseStartup database,
    MessagingMetrics metrics,
    MessagingOptions options,
    TimeProvider clock,
    ILogger<MessageQueue> logger)
    : UnitQueue<MessageUnit>(options.GroupSize, options.GatherMessages, clock)
{
    private const int Attempts = 3;

    public string Name => name;

    /// <summary>Completes when the event's effect, or its parking, is committed; fails when its own handler fails.</summary>
    public Task Run(IncomingEvent message)
    {
        var unit = new MessageUnit(message);
        Add(unit);
        return unit.Done;
    }

    protected override async Task Commit(List<MessageUnit> group, CancellationToken stop)
    {
        try
        {
            if (group.Count > 1 && await TryCommit(group, stop))
                return;
            foreach (var unit in group)
                await CommitAlone(unit, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Nothing is acknowledged: the broker gives the messages to the next consumer.
        }
    }

    /// <summary>False when the messages are to be tried one by one.</summary>
    private async Task<bool> TryCommit(List<MessageUnit> group, CancellationToken stop)
    {
        try
        {
            await WhenTheDatabaseIsThere([.. group.Select(unit => unit.Message)], FrozenSet<Guid>.Empty, stop);
            group.ForEach(unit => unit.Succeed());
            return true;
        }
        catch (Exception exception) when (!stop.IsCancellationRequested)
        {
            GroupFailed(logger, exception, name, group.Count);
            return false;
        }
    }

    private async Task CommitAlone(MessageUnit unit, CancellationToken stop)
    {
        var failed = new HashSet<Guid>();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WhenTheDatabaseIsThere([unit.Message], failed, stop);
                unit.Succeed();
                return;
            }
            catch (ParkedEventFailedException exception)
            {
                ParkedEventFailed(logger, exception.InnerException!, exception.Event.EventId, exception.Event.Type, name);
                metrics.Of(name).Failed(exception.Event);
                failed.Add(exception.Event.EventId);
            }
            catch (Exception exception) when (DatabaseErrors.IsConflict(exception) && attempt < Attempts)
            {
                // Somebody else was faster; their rows are visible to the next attempt.
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
            {
                metrics.Of(name).Failed(unit.Message);
                unit.Fail(exception);
                return;
            }
        }
    }

    private async Task WhenTheDatabaseIsThere(IReadOnlyList<IncomingEvent> messages, IReadOnlySet<Guid> failed, CancellationToken stop)
    {
        await database.Ready.WaitAsync(stop);
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
                await backoff.Wait(stop);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Queue}: {Count} messages wait for the database: {Reason}")]
    private static partial void DatabaseAway(ILogger logger, string queue, int count, string reason);

    [LoggerMessage(LogLevel.Warning, "{Queue}: a group of {Count} messages failed; they are tried one by one")]
    private static partial void GroupFailed(ILogger logger, Exception exception, string queue, int count);

    [LoggerMessage(LogLevel.Error, "{Queue}: the parked event {EventId} ({Type}) failed")]
    private static partial void ParkedEventFailed(ILogger logger, Exception exception, Guid eventId, string type, string queue);
}

/// <summary>A message that waits for its group.</summary>
internal sealed class MessageUnit(IncomingEvent message)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IncomingEvent Message => message;

    public Task Done => done.Task;

    public void Succeed() => done.SetResult();

    public void Fail(Exception exception) => done.SetException(exception);
}
