using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Where MassTransit puts messages that fail, <c>&lt;queue&gt;_error</c>, and that nobody takes, <c>&lt;queue&gt;_skipped</c>.
/// </summary>
internal static class ErrorQueue
{
    /// <summary>As MassTransit declares them, and the deployment.</summary>
    public static async Task Declare(IChannel channel, string name, CancellationToken cancellationToken)
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
