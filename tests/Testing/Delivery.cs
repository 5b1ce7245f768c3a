using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Inbox;

namespace OrderPlatform.Testing;

/// <summary>Hands events to a service's queue as the broker does, but in an order that the test chooses.</summary>
public static class Delivery
{
    /// <summary>An event as a producer would send it.</summary>
    /// <param name="event">The contract.</param>
    /// <param name="stream">The stream of the event, such as the order's id.</param>
    /// <param name="sequence">Its number among its producer's events on that stream.</param>
    /// <param name="eventId">A new id if omitted.</param>
    public static EventEnvelope Incoming(object @event, string stream, int sequence = 1, Guid? eventId = null)
    {
        var id = eventId ?? Guid.CreateVersion7();
        return new EventEnvelope(
            id,
            EventTypes.NameOf(@event.GetType()),
            stream,
            sequence,
            Guid.TryParse(stream, out var correlationId) ? correlationId : id,
            CausationId: null,
            DateTimeOffset.UtcNow,
            TraceParent: null,
            JsonSerializer.SerializeToUtf8Bytes(@event, @event.GetType(), EventTypes.Json));
    }

    /// <summary>
    /// Completes when the event's effect, or its deferral, is committed; fails when its own handler fails. Events that are
    /// delivered without waiting for each other may share a transaction.
    /// </summary>
    public static Task Deliver(this IServiceProvider service, string queue, EventEnvelope incoming) =>
        service.GetRequiredService<MessageReceiver>().QueueOf(queue).Handle(incoming);

    /// <summary>Applies events to a new row, as the unit of work does when it appends them.</summary>
    public static TEntity Fold<TEntity>(this TEntity entity, params IEnumerable<object> events)
        where TEntity : EventSourcedEntity
    {
        foreach (var @event in events)
            entity.Advance(@event);
        return entity;
    }
}
