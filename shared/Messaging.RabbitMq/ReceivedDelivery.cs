using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>A message as it came from a queue.</summary>
/// <param name="Tag">By which it is acknowledged.</param>
/// <param name="RoutingKey">What it was published with.</param>
/// <param name="Properties">Its properties and headers.</param>
/// <param name="Body">Its bytes, a copy: those of the client are reused.</param>
internal sealed record ReceivedDelivery(ulong Tag, string RoutingKey, IReadOnlyBasicProperties Properties, ReadOnlyMemory<byte> Body)
{
    public TransportMessage Read() => AmqpMessage.Read(Properties, Body);
}
