using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// A producer sends past events to its own exchange; a queue is bound to it once for each event that it takes. So a replay reaches one
/// queue and no other, and a queue gets nothing that it has no handler for.
/// </summary>
internal static class ReplayExchange
{
    /// <summary>The direct exchange of an event's producer.</summary>
    /// <param name="type">The event's wire address.</param>
    public static string Of(string type) => $"{EventTypes.ProducerOf(type)}:replay";

    /// <summary>The routing key that binds a queue to the exchange for one event.</summary>
    public static string RoutingKey(string queue, string type) => $"{queue}:{EventTypes.ShortNameOf(type)}";
}
