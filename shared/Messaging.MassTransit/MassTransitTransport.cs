using MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Publishes and consumes with MassTransit, which knows whether it is connected, so reading that costs nothing. RabbitMQ.Client sends to
/// single queues and reads their length: MassTransit has no API for that.
/// </summary>
internal sealed class MassTransitTransport(
    IBusControl bus, RabbitMqTransport rabbit, Func<CancellationToken, Task<MassTransitPublisher>> connectPublisher) : ITransport
{
    public bool IsUp => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    public async Task<IEventPublisher> ConnectPublisher(CancellationToken cancellationToken) => await connectPublisher(cancellationToken);

    public Task<IQueueSender> ConnectSender(string purpose, CancellationToken cancellationToken) =>
        rabbit.ConnectSender(purpose, cancellationToken);
}
