using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Opens connections to the broker.</summary>
internal sealed class RabbitMqConnections(BrokerAddress broker, TransportTopology topology)
{
    /// <summary>A node that is away must not hold up the attempt at the next one.</summary>
    public static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(5);

    /// <summary>A connection is lost when nothing comes for twice as long.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>Opens a connection to one of the broker's nodes, whichever answers first in a random order.</summary>
    /// <param name="purpose">What it is for, as operators see it in the broker's list of connections.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="RabbitMQ.Client.Exceptions.BrokerUnreachableException">The broker is away, or refuses the credentials.</exception>
    public Task<IConnection> Open(string purpose, CancellationToken cancellationToken) =>
        new ConnectionFactory
        {
            UserName = broker.UserName,
            Password = broker.Password,
            VirtualHost = broker.VirtualHost,
            // The relay begins again at its cursor; a connection that comes back by itself would publish past it.
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat,
            RequestedConnectionTimeout = LongestConnect,
        }.CreateConnectionAsync(broker.Endpoints(), $"{topology.Service} {purpose}", cancellationToken);
}
