using OrderPlatform.Messaging;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Testing;
using OrderPlatform.Transport.Tests.Conformance;

namespace OrderPlatform.Transport.Tests;

/// <summary>RabbitMQ.Client alone.</summary>
public sealed class RabbitMqTransportTests(PrivateBroker node) : TransportConformance(node)
{
    protected override void Use(MessagingBuilder messaging) => messaging.UseRabbitMq();
}
