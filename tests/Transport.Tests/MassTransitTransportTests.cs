using OrderPlatform.Messaging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Testing;
using OrderPlatform.Transport.Tests.Conformance;

namespace OrderPlatform.Transport.Tests;

/// <summary>MassTransit.</summary>
public sealed class MassTransitTransportTests(PrivateBroker node) : TransportConformance(node)
{
    protected override void Use(MessagingBuilder messaging) => messaging.UseMassTransit();
}
