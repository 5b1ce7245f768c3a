using RabbitMQ.Client;

namespace OrderPlatform.Messaging;

/// <summary>Opens the relay's connection to the broker.</summary>
internal sealed class PublisherFactory(BrokerAddress broker, MessagingMap map)
{
    public Task<Publisher> Connect(CancellationToken cancellation) => Publisher.Connect(
        new ConnectionFactory
        {
            Uri = broker.Uri,
            ClientProvidedName = $"{map.Service} relay",
            // The relay begins again at its cursor; a connection that comes back by itself would publish past it.
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
        },
        fence: $"{map.Service}_relay",
        map.Types.Published,
        cancellation);
}

/// <summary>Where the broker is: <c>amqp://user:password@host:port/vhost</c>.</summary>
internal sealed record BrokerAddress(Uri Uri);
