using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging;

namespace OrderPlatform.Testing;

/// <summary>Hands events to a service's queue as the broker does, but in exactly the order that a test wants.</summary>
public static class Delivery
{
    /// <summary>An event as a producer would send it.</summary>
    /// <param name="event">The contract.</param>
    /// <param name="stream">What it is an event of, such as the order's id.</param>
    /// <param name="sequence">Its place among the events of its producer on that stream.</param>
    /// <param name="eventId">A new one if not given.</param>
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
    /// Completes when the event's effect, or its deferral, is committed; fails when its own handler fails. What is delivered
    /// without waiting for the one before may share its transaction.
    /// </summary>
    public static Task Deliver(this IServiceProvider service, string queue, EventEnvelope incoming) =>
        service.GetServices<ReceiveQueue>().Single(candidate => candidate.Name == queue).Run(incoming);

    /// <summary>Applies events to a new row, as the unit of work does when it appends them.</summary>
    public static TStream Fold<TStream>(this TStream stream, params IEnumerable<object> events)
        where TStream : EventSourcedEntity
    {
        foreach (var @event in events)
            stream.Advance(@event);
        return stream;
    }
}
