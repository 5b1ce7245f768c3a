using System.Collections.Frozen;
using Npgsql;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Tracing;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>Handles messages in one transaction with their inbox entries: all take effect once, or none does.</summary>
internal sealed class InboxTransaction(BatchTransaction transaction, EventDispatcher dispatcher, MessagingMetrics metrics)
{
    /// <summary>Commits the effects of messages.</summary>
    /// <param name="queue">The queue they came from.</param>
    /// <param name="events">At least one; duplicates among them have no effect.</param>
    /// <param name="failed">Deferred events that are skipped this time, and whose failure is counted.</param>
    /// <param name="cancellationToken">Ends the transaction without a commit.</param>
    /// <exception cref="DeferredEventFailedException">A deferred event on the stream of one of them failed.</exception>
    public async Task Receive(
        string queue, IReadOnlyList<EventEnvelope> events, IReadOnlySet<Guid> failed, CancellationToken cancellationToken)
    {
        using var commit = MessagingTelemetry.StartCommit(queue, events.Select(@event => @event.TraceParent));
        InboxChanges? changes = null;
        try
        {
            await transaction.Run(
                async scope =>
                {
                    var received = await Enter(queue, events, failed, scope, cancellationToken);
                    await dispatcher.Handle(queue, received, scope, cancellationToken);
                    changes = new InboxChanges(queue, received, failed);
                    return changes.AddTo;
                },
                cancellationToken);
        }
        catch (Exception exception) when (changes?.Suspect(exception) is { } suspect)
        {
            // A message must not fail because of a deferred event on its stream.
            throw new DeferredEventFailedException(suspect, exception);
        }

        changes!.Count(metrics, events.Count);
    }

    /// <summary>
    /// Enters messages into the inbox and reads the rows that their handlers need (those of duplicates as well), in one round trip.
    /// </summary>
    private async Task<ReceivedBatch> Enter(
        string queue,
        IReadOnlyList<EventEnvelope> events,
        IReadOnlySet<Guid> failed,
        TransactionScope scope,
        CancellationToken cancellationToken)
    {
        var locks = new RowsToLock();
        foreach (var @event in events)
            dispatcher.AddLocks(queue, @event, locks);
        await using var batch = scope.Database.CreateBatch();
        InboxStore.Receive(batch, queue, events);
        scope.Unit.Select(locks, batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var received = await InboxStore.ReadReceived(reader, events, failed, cancellationToken);
        await scope.Unit.Read(reader, cancellationToken);
        return received;
    }
}

/// <summary>The changes of a transaction to inbox and deferred events, written with its commit.</summary>
/// <param name="Received">The events, and the outcome of each.</param>
/// <param name="Failed">Deferred events whose failure is counted.</param>
internal sealed record InboxChanges(string Queue, ReceivedBatch Received, IReadOnlySet<Guid> Failed)
{
    public InboxChanges(string queue, ReceivedBatch received)
        : this(queue, received, FrozenSet<Guid>.Empty)
    {
    }

    public void AddTo(NpgsqlBatch batch) => InboxStore.Write(batch, Queue, Received, Failed);

    /// <summary>The deferred event that may have made the write fail; null when the cause was an outage or a conflict.</summary>
    public EventEnvelope? Suspect(Exception failure) => DatabaseErrors.IsTemporary(failure) ? null : Received.Resumed.FirstOrDefault();

    /// <summary>Counts what was committed.</summary>
    /// <param name="messages">How many messages came from the broker; 0 when deferred events were tried again.</param>
    public void Count(MessagingMetrics metrics, int messages)
    {
        var queue = metrics.Of(Queue);
        queue.Received(messages, duplicates: Math.Max(0, messages - Received.Fresh));
        foreach (var backlog in Received.Backlogs)
        {
            foreach (var handled in backlog.Handled)
                queue.Handled(handled);
            foreach (var deferred in backlog.ToDefer)
                queue.Deferred(deferred);
        }
    }
}
