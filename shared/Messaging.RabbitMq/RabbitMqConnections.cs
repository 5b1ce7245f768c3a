using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Opens connections to the broker.</summary>
internal sealed class RabbitMqConnections(BrokerAddress broker, TransportTopology topology)
{
    /// <summary>Opens a connection.</summary>
    /// <param name="purpose">What it is for, as operators see it in the broker's list of connections.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="RabbitMQ.Client.Exceptions.BrokerUnreachableException">The broker is away, or refuses the credentials.</exception>
    public Task<IConnection> Open(string purpose, CancellationToken cancellationToken) =>
        new ConnectionFactory
        {
            Uri = broker.Uri,
            Ssl = new SslOption(broker.Uri.Host, enabled: broker.IsTls) { CertificateValidationCallback = broker.Accepts },
            ClientProvidedName = $"{topology.Service} {purpose}",
            // The relay begins again at its cursor; a connection that comes back by itself would publish past it.
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
        }.CreateConnectionAsync(cancellationToken);
}
