using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.RabbitMq;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Holds MassTransit's consumer back until the broker answers. Left to itself, MassTransit waits 3 to 30 seconds after each failed attempt,
/// longer with each outage (8.5, ReceiveTransportRetryPolicy), and the messages wait as well.
/// </summary>
internal partial class BrokerGate(RabbitMqConnections connections, IHostApplicationLifetime lifetime, ILogger<BrokerGate> logger)
{
    /// <summary>Returns when a connection has succeeded, with the node that it reached.</summary>
    /// <exception cref="OperationCanceledException">The service is stopping.</exception>
    public virtual async Task<AmqpTcpEndpoint> WaitForBroker()
    {
        var stoppingToken = lifetime.ApplicationStopping;
        var failures = 0;
        return await Backoff.Retry(
            async () =>
            {
                await using var connection = await connections.Open("consumer's probe", stoppingToken);
                return connection.Endpoint;
            },
            _ => !stoppingToken.IsCancellationRequested,
            exception =>
            {
                if (++failures == 1)
                    Waiting(logger, exception.GetBaseException().Message);
            },
            stoppingToken);
    }

    [LoggerMessage(LogLevel.Warning, "Broker unavailable ({Reason}); retrying until the consumer can connect")]
    private static partial void Waiting(ILogger logger, string reason);
}
