using OrderPlatform.Messaging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Transport.Tests.Conformance;

namespace OrderPlatform.Transport.Tests;

/// <summary>MassTransit.</summary>
public sealed class MassTransitTransportTests : TransportConformance
{
    protected override void Use(MessagingBuilder messaging) => messaging.UseMassTransit();
}
