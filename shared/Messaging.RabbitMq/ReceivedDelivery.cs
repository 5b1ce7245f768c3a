using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>A message as it came from a queue.</summary>
/// <param name="Tag">The delivery tag, for the acknowledgement.</param>
/// <param name="RoutingKey">The routing key it was published with.</param>
/// <param name="Properties">Its properties and headers.</param>
/// <param name="Body">A copy of its bytes: the client reuses its own buffer.</param>
internal sealed record ReceivedDelivery(ulong Tag, string RoutingKey, IReadOnlyBasicProperties Properties, ReadOnlyMemory<byte> Body)
{
    public TransportMessage Read() => AmqpMessage.Read(Properties, Body);
}
