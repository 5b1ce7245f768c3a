using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Consumes one queue, on its own connection: a queue that cannot be consumed does not affect the others. A lost connection is
/// reopened, and the broker redelivers the messages that were not acknowledged on the old one.
/// </summary>
internal sealed partial class QueueConsumer(
    string queue,
    TransportTopology topology,
    TransportOptions options,
    BrokerAddress broker,
    RabbitMqConnections connections,
    IMessageReceiver receiver,
    TimeProvider clock,
    IHostApplicationLifetime lifetime,
    ILogger<QueueConsumer> logger,
    IDeadLetterStore? store = null) : BackgroundLoop(Task.CompletedTask, TimeSpan.Zero)
{
    /// <summary>For messages that are nearly done when the service stops; the others are redelivered.</summary>
    private static readonly TimeSpan LongestFinish = TimeSpan.FromSeconds(1);

    private volatile bool isConsuming;

    /// <summary>Whether the queue is being consumed.</summary>
    public bool IsConsuming => isConsuming;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var connection = await connections.Open("consumer", stoppingToken);
        try
        {
            await Consume(connection, stoppingToken);
        }
        finally
        {
            isConsuming = false;
            await connection.Close();
        }

        // The host stops its services one by one; by then, the queues have finished concurrently.
        await Task.Delay(Timeout.Infinite, stoppingToken);
    }

    protected override void Interrupted(Exception exception) => Interrupted(logger, queue, exception.GetBaseException().Message);

    /// <summary>Returns when the service stops.</summary>
    private async Task Consume(IConnection connection, CancellationToken stoppingToken)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: stoppingToken);
        var moving = await connection.CreateChannelAsync(DeadLetterMover.Options, stoppingToken);
        await QueueTopology.Declare(channel, queue, topology.Queues[queue], stoppingToken);
        await channel.BasicQosAsync(prefetchSize: 0, options.Prefetch, global: false, stoppingToken);

        var mover = new DeadLetterMover(
            queue,
            broker.AddressOf(new BrokerNode(connection.Endpoint.HostName, connection.Endpoint.Port), queue),
            moving,
            receiver,
            store,
            clock,
            logger);
        using var session = new ConsumerSession(queue, channel, receiver, mover, logger, lifetime.ApplicationStopping);
        moving.ChannelShutdownAsync += (_, reason) => session.End(reason.ReplyText);
        var tag = await channel.BasicConsumeAsync(queue, autoAck: false, session, stoppingToken);
        isConsuming = true;
        Progressed();
        Consuming(logger, queue);
        await session.Acknowledge(lifetime.ApplicationStopping);

        using var limit = new CancellationTokenSource(LongestFinish);
        await channel.BasicCancelAsync(tag, noWait: true, limit.Token);
        await session.Finish(limit.Token);
    }

    [LoggerMessage(LogLevel.Information, "Consuming {Queue}")]
    private static partial void Consuming(ILogger logger, string queue);

    [LoggerMessage(LogLevel.Warning, "Queue {Queue} cannot be consumed ({Reason}); reconnecting")]
    private static partial void Interrupted(ILogger logger, string queue, string reason);
}
