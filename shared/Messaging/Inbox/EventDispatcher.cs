using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Tracing;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>Runs the handlers of a queue.</summary>
internal sealed class EventDispatcher(MessagingTopology topology, MessagingSystem system)
{
    /// <summary>Names the rows that the event's handler will look up.</summary>
    public void AddLocks(string queue, EventEnvelope @event, RowsToLock rows)
    {
        var handler = HandlerOf(queue, @event);
        handler.Locks(@event.Read(handler.EventType), rows);
    }

    /// <summary>Runs the handlers of a batch whose rows are loaded, except those of deferred events.</summary>
    /// <exception cref="DeferredEventFailedException">The handler of a deferred event threw.</exception>
    public async Task Handle(string queue, ReceivedBatch received, TransactionScope scope, CancellationToken cancellationToken)
    {
        // Deferred events are rare. Their rows are locked late, outside the global order; a deadlock is retried.
        var locks = new RowsToLock();
        foreach (var backlog in received.Backlogs)
            backlog.DeferredLocks(@event => AddLocks(queue, @event, locks));
        await scope.Unit.Load(locks, cancellationToken);

        foreach (var backlog in received.Backlogs)
            backlog.Run(@event => Handle(queue, @event, scope));
        scope.Unit.Incoming = null;
    }

    private Outcome Handle(string queue, EventEnvelope @event, TransactionScope scope)
    {
        using var activity = MessagingTelemetry.StartHandling(system, queue, @event);
        scope.Unit.Incoming = @event;
        try
        {
            var handler = HandlerOf(queue, @event);
            return handler.Handle(scope.Services, @event.Read(handler.EventType));
        }
        catch (Exception exception)
        {
            activity.Failed(exception);
            throw;
        }
    }

    private HandlerBinding HandlerOf(string queue, EventEnvelope @event) =>
        topology.HandlerOf(queue, @event.Type)
        ?? throw new InvalidOperationException($"The queue '{queue}' no longer has a handler for {@event.Type}.");
}
