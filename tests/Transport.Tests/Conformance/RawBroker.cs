using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Transport.Tests.Conformance;

/// <summary>The broker, accessed without the library.</summary>
internal sealed class RawBroker(IConnection connection, IChannel channel) : IAsyncDisposable
{
    public static async Task<RawBroker> Connect(Uri broker)
    {
        var connection = await PatientClients.Connect(broker);
        return new RawBroker(connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true)));
    }

    public ValueTask Publish(string exchange, TransportMessage message, string routingKey = "") =>
        Publish(exchange, AmqpMessage.Write(message), message.Body, routingKey);

    public ValueTask Publish(string exchange, BasicProperties properties, ReadOnlyMemory<byte> body, string routingKey = "") =>
        channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, body);

    /// <summary>A queue that gets what is published to the given exchanges, and that no service consumes.</summary>
    public async Task Bind(string queue, params string[] exchanges)
    {
        await channel.QueueDeclareAsync(
            queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        foreach (var exchange in exchanges)
            await channel.QueueBindAsync(queue, exchange, "");
    }

    public Task Delete(string queue) => channel.QueueDeleteAsync(queue);

    /// <summary>Takes the next message from a queue; null if the queue is empty.</summary>
    public Task<BasicGetResult?> Get(string queue) => channel.BasicGetAsync(queue, autoAck: true);

    /// <summary>The number of messages in a queue, without the unacknowledged ones; 0 if there is no queue.</summary>
    public async Task<uint> Count(string queue)
    {
        await using var inspection = await connection.CreateChannelAsync();
        try
        {
            return (await inspection.QueueDeclarePassiveAsync(queue)).MessageCount;
        }
        catch (OperationInterruptedException)
        {
            return 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
