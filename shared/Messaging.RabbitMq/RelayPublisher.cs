using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Publishes events in the given order, pipelined, and reports when the broker has confirmed them.</summary>
internal sealed class RelayPublisher : IEventPublisher
{
    private readonly IConnection connection;
    private readonly IChannel channel;
    private readonly Confirms confirms;
    private ulong published;

    private RelayPublisher(IConnection connection, IChannel channel)
    {
        (this.connection, this.channel) = (connection, channel);
        confirms = Confirms.Of(channel);
    }

    /// <summary>Takes the fence, and declares the exchanges of the given events.</summary>
    /// <param name="connection">A connection that nothing else uses; the publisher closes it.</param>
    /// <param name="service">The service whose events it publishes.</param>
    /// <param name="exchanges">The exchanges to declare, named as MassTransit names them.</param>
    /// <exception cref="IOException">The fence is held by another connection.</exception>
    public static async Task<RelayPublisher> Start(
        IConnection connection, string service, IEnumerable<string> exchanges, CancellationToken cancellationToken)
    {
        try
        {
            var channel = await connection.CreateChannelAsync(Confirms.Options, cancellationToken);
            await RelayFence.Take(channel, service, cancellationToken);
            foreach (var exchange in exchanges)
                await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
            return new RelayPublisher(connection, channel);
        }
        catch
        {
            await connection.Close();
            throw;
        }
    }

    public async Task<Task> Publish(IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var (type, message) in messages)
        {
            await channel.BasicPublishAsync(
                type, "", mandatory: true, AmqpMessage.Write(message), message.Body, cancellationToken);
            published++;
        }

        return confirms.UpTo(published);
    }

    public void ThrowIfFailed() => confirms.ThrowIfFailed();

    /// <summary>Closing the connection releases the fence.</summary>
    public async ValueTask DisposeAsync() => await connection.Close();
}
