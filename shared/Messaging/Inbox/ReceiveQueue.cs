using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>The messages of one broker queue. While the database is unavailable they wait here, unacknowledged.</summary>
internal sealed partial class ReceiveQueue : IBatchLoop
{
    private const int Attempts = 3;

    private readonly string name;
    private readonly InboxTransaction transaction;
    private readonly DatabaseStartup database;
    private readonly MessagingMetrics metrics;
    private readonly ILogger<ReceiveQueue> logger;
    private readonly BatchQueue<ReceivedMessage> queue;

    public ReceiveQueue(
        string name,
        InboxTransaction transaction,
        DatabaseStartup database,
        MessagingMetrics metrics,
        BatchingOptions options,
        TimeProvider clock,
        ILogger<ReceiveQueue> logger)
    {
        (this.name, this.transaction, this.database, this.metrics, this.logger) = (name, transaction, database, metrics, logger);
        queue = new BatchQueue<ReceivedMessage>(options.BatchSize, options.GatherMessages, clock, Commit);
    }

    /// <summary>Completes when the event's effect, or its deferral, is committed; fails when its own handler fails.</summary>
    /// <exception cref="OperationCanceledException">The service is stopping.</exception>
    public Task Handle(EventEnvelope @event)
    {
        var message = new ReceivedMessage(@event);
        queue.Add(message);
        return message.Done;
    }

    /// <summary>
    /// Commits batches until <see cref="Complete"/> is called and no message is left; at shutdown it does not wait for an unavailable
    /// database.
    /// </summary>
    public Task Work(CancellationToken stoppingToken) => queue.Work(stoppingToken);

    /// <summary>Stops accepting messages.</summary>
    public void Complete() => queue.Complete();

    private async Task Commit(List<ReceivedMessage> batch, CancellationToken stoppingToken)
    {
        try
        {
            if (batch.Count > 1 && await TryCommit(batch, stoppingToken))
                return;
            foreach (var message in batch)
                await CommitAlone(message, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nothing is acknowledged: the broker gives the messages to the next consumer.
            batch.ForEach(message => message.Abandon());
        }
    }

    /// <summary>False when the messages must be tried one by one.</summary>
    private async Task<bool> TryCommit(List<ReceivedMessage> batch, CancellationToken stoppingToken)
    {
        try
        {
            await WhenDatabaseIsUp([.. batch.Select(message => message.Event)], FrozenSet<Guid>.Empty, stoppingToken);
            batch.ForEach(message => message.Succeed());
            return true;
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            BatchFailed(logger, exception, name, batch.Count);
            return false;
        }
    }

    private async Task CommitAlone(ReceivedMessage message, CancellationToken stoppingToken)
    {
        var failed = new HashSet<Guid>();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WhenDatabaseIsUp([message.Event], failed, stoppingToken);
                message.Succeed();
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
                // Another transaction was faster; the next attempt sees its rows.
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                metrics.Of(name).Failed(message.Event);
                message.Fail(exception);
                return;
            }
        }
    }

    private async Task WhenDatabaseIsUp(
        IReadOnlyList<EventEnvelope> events, IReadOnlySet<Guid> failed, CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        await Backoff.Retry(
            () => transaction.Receive(name, events, failed, CancellationToken.None),
            DatabaseErrors.IsOutage,
            exception => DatabaseUnavailable(logger, name, events.Count, exception.GetBaseException().Message),
            stoppingToken);
    }

    [LoggerMessage(LogLevel.Warning, "Database unavailable for {Count} messages of {Queue} ({Reason}); retrying")]
    private static partial void DatabaseUnavailable(ILogger logger, string queue, int count, string reason);

    [LoggerMessage(LogLevel.Warning, "A batch of {Count} messages of {Queue} failed; retrying them one by one")]
    private static partial void BatchFailed(ILogger logger, Exception exception, string queue, int count);

    [LoggerMessage(LogLevel.Error, "Deferred event {EventId} ({Type}) of {Queue} failed; it stays deferred and is retried")]
    private static partial void DeferredEventFailed(ILogger logger, Exception exception, Guid eventId, string type, string queue);

    /// <summary>A message that waits for its batch.</summary>
    private sealed class ReceivedMessage(EventEnvelope @event)
    {
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EventEnvelope Event => @event;

        public Task Done => done.Task;

        public void Succeed() => done.SetResult();

        public void Fail(Exception exception) => done.SetException(exception);

        /// <summary>Does nothing if the message's outcome is already known.</summary>
        public void Abandon() => done.TrySetCanceled();
    }
}
