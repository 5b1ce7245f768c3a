using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Declares the same topology as MassTransit, so that services with different transports work together.</summary>
internal static class QueueTopology
{
    /// <summary>The queue for messages that fail.</summary>
    public static string ErrorsOf(string queue) => $"{queue}_error";

    /// <summary>The queue for messages that the given queue has no handler for.</summary>
    public static string SkippedOf(string queue) => $"{queue}_skipped";

    /// <summary>
    /// Declares a queue with its error and skipped queues, and binds it to the events that it takes and to their replays. Needs permission
    /// to configure and write to these queues and their exchanges, and to configure and read the exchanges of its events.
    /// </summary>
    public static async Task Declare(IChannel channel, string queue, IEnumerable<string> types, CancellationToken cancellationToken)
    {
        foreach (var name in new[] { queue, ErrorsOf(queue), SkippedOf(queue) })
            await DeclareQueue(channel, name, cancellationToken);
        foreach (var type in types)
        {
            var replays = ReplayExchange.Of(type);
            await channel.ExchangeDeclareAsync(type, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
            await channel.ExchangeBindAsync(queue, type, "", cancellationToken: cancellationToken);
            await channel.ExchangeDeclareAsync(replays, ExchangeType.Direct, durable: true, cancellationToken: cancellationToken);
            await channel.ExchangeBindAsync(queue, replays, ReplayExchange.RoutingKey(queue, type), cancellationToken: cancellationToken);
        }
    }

    /// <summary>Declares a quorum queue, and the exchange of the same name through which messages reach it.</summary>
    public static async Task DeclareQueue(IChannel channel, string name, CancellationToken cancellationToken)
    {
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(
            name,
            durable: true,
            exclusive: false,
            autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" },
            cancellationToken: cancellationToken);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellationToken);
    }
}
