using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Opens connections to the broker.</summary>
internal sealed class RabbitMqConnections(BrokerAddress broker, TransportTopology topology)
{
    /// <summary>How long one unavailable node may delay the attempt at the next.</summary>
    public static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(5);

    /// <summary>A connection is considered lost when nothing arrives for twice as long.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Opens a connection to the first of the broker's nodes that answers, in random order. The client itself would settle for a node that
    /// accepts a TCP connection, and give up if that node then never answers.
    /// </summary>
    /// <param name="purpose">What it is for, as operators see it in the broker's list of connections.</param>
    /// <exception cref="BrokerUnreachableException">
    /// All nodes are unavailable or refuse the credentials; the exception is that of the last one.
    /// </exception>
    public async Task<IConnection> Open(string purpose, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory
        {
            UserName = broker.UserName,
            Password = broker.Password,
            VirtualHost = broker.VirtualHost,
            // The relay begins again at its cursor; a connection that recovered by itself would continue behind the relay's back.
            AutomaticRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat,
            RequestedConnectionTimeout = LongestConnect,
            HandshakeContinuationTimeout = LongestConnect,
        };
        AmqpTcpEndpoint[] nodes = [.. broker.Endpoints()];
        Random.Shared.Shuffle(nodes);
        for (var i = 0; ; i++)
        {
            try
            {
                return await factory.CreateConnectionAsync([nodes[i]], $"{topology.Service} {purpose}", cancellationToken);
            }
            catch (BrokerUnreachableException) when (i + 1 < nodes.Length)
            {
                // The next node may answer.
            }
        }
    }
}
