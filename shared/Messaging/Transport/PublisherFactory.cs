using RabbitMQ.Client;

namespace OrderPlatform.Messaging;

/// <summary>Opens connections to the broker, for what the library publishes itself.</summary>
internal sealed class PublisherFactory(BrokerAddress broker, MessagingMap map)
{
    /// <summary>Connects the relay, and fences off any other.</summary>
    /// <exception cref="IOException">Another relay still publishes.</exception>
    /// <exception cref="RabbitMQ.Client.Exceptions.BrokerUnreachableException">The broker is away, or refuses the credentials.</exception>
    public async Task<Publisher> Connect(CancellationToken cancellation) =>
        await Publisher.Start(await Open("relay", cancellation), $"{map.Service}_relay", map.Types.Published, cancellation);

    /// <summary>Connects for a replay.</summary>
    public async Task<ReplayPublisher> ConnectReplay(CancellationToken cancellation) =>
        await ReplayPublisher.Start(await Open("replay", cancellation), map.Types.Published, cancellation);

    /// <summary>Opens a connection.</summary>
    /// <param name="purpose">What it is for, as operators see it in the broker's list of connections.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<IConnection> Open(string purpose, CancellationToken cancellation) =>
        new ConnectionFactory
        {
            Uri = broker.Uri,
            Ssl = new SslOption(broker.Uri.Host, enabled: broker.IsTls) { CertificateValidationCallback = broker.Accepts },
            ClientProvidedName = $"{map.Service} {purpose}",
            // The relay begins again at its cursor; a connection that comes back by itself would publish past it.
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
        }.CreateConnectionAsync(cancellation);
}
