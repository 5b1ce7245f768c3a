using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// An exclusive queue on the connection that publishes: the broker itself refuses a service's second publisher while the connection of the
/// first exists.
/// </summary>
internal static class RelayFence
{
    /// <summary>Takes the fence; the end of the channel's connection releases it.</summary>
    /// <exception cref="IOException">Another connection holds it.</exception>
    public static async Task Take(IChannel channel, string service, CancellationToken cancellationToken)
    {
        try
        {
            await channel.QueueDeclareAsync(
                $"{service}_relay", durable: false, exclusive: true, autoDelete: true, cancellationToken: cancellationToken);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.ResourceLocked)
        {
            throw new IOException("another relay still publishes");
        }
    }
}
