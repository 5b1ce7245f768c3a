using MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>Consumes with MassTransit, which knows whether it is connected; asking costs nothing.</summary>
internal sealed class MassTransitTransport(IBusControl bus, RabbitMqTransport rabbit) : ITransport
{
    public bool IsUp => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    public Task<IEventPublisher> ConnectPublisher(CancellationToken cancellationToken) => rabbit.ConnectPublisher(cancellationToken);

    public Task<IQueueSender> ConnectSender(string purpose, CancellationToken cancellationToken) =>
        rabbit.ConnectSender(purpose, cancellationToken);
}
