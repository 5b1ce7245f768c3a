using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>The transport that uses RabbitMQ.Client alone.</summary>
internal sealed class RabbitMqTransport(RabbitMqConnections connections, TransportTopology topology, Func<bool> isConsuming)
    : ITransport
{
    public bool IsUp => isConsuming();

    public async Task<IEventPublisher> ConnectPublisher(CancellationToken cancellationToken) => await RelayPublisher.Start(
        await connections.Open("relay", cancellationToken), topology.Service, topology.Published, cancellationToken);

    public async Task<IQueueSender> ConnectSender(string purpose, CancellationToken cancellationToken) =>
        new QueueSender(await connections.Open(purpose, cancellationToken), topology);
}
