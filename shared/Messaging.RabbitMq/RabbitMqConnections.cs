using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Opens connections to the broker, for what the library publishes itself.</summary>
internal sealed class RabbitMqConnections(BrokerAddress broker, MessagingTopology map)
{
    /// <summary>Connects the relay, and fences off any other.</summary>
    /// <exception cref="IOException">Another relay still publishes.</exception>
    /// <exception cref="RabbitMQ.Client.Exceptions.BrokerUnreachableException">The broker is away, or refuses the credentials.</exception>
    public async Task<RelayPublisher> Connect(CancellationToken cancellationToken) =>
        await RelayPublisher.Start(await Open("relay", cancellationToken), $"{map.Service}_relay", map.Types.Published, cancellationToken);

    /// <summary>Connects for a replay.</summary>
    public async Task<ReplaySender> ConnectReplay(CancellationToken cancellationToken) =>
        await ReplaySender.Start(await Open("replay", cancellationToken), map.Types.Published, cancellationToken);

    /// <summary>Opens a connection.</summary>
    /// <param name="purpose">What it is for, as operators see it in the broker's list of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IConnection> Open(string purpose, CancellationToken cancellationToken) =>
        new ConnectionFactory
        {
            Uri = broker.Uri,
            Ssl = new SslOption(broker.Uri.Host, enabled: broker.IsTls) { CertificateValidationCallback = broker.Accepts },
            ClientProvidedName = $"{map.Service} {purpose}",
            // The relay begins again at its cursor; a connection that comes back by itself would publish past it.
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
        }.CreateConnectionAsync(cancellationToken);
}
