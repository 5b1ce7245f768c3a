using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Publishes dead letters to the queues they came from. It connects when there is something to publish.</summary>
internal sealed class RedriveSender(RabbitMqConnections connections) : IAsyncDisposable
{
    /// <summary>Rows are locked meanwhile; whoever else wants them waits five seconds at most.</summary>
    private static readonly TimeSpan LongestConfirm = TimeSpan.FromSeconds(4);

    private IConnection? connection;
    private IChannel? channel;
    private Confirms? confirms;
    private ulong published;

    /// <summary>Publishes messages in the order they are given, and returns when the broker has them all safe.</summary>
    /// <exception cref="UnpublishableException">The broker is there, and does not take one of them: its queue may be gone.</exception>
    /// <exception cref="Exception">The broker is away; of some of them it is not known.</exception>
    public async Task Publish(IReadOnlyList<RedrivenMessage> messages, CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(LongestConfirm);
        try
        {
            var open = await Connect(limit.Token);
            foreach (var message in messages)
            {
                var properties = PropertiesOf(message);
                await open.BasicPublishAsync(message.Queue, "", mandatory: true, properties, message.Body, limit.Token);
                published++;
            }

            await confirms!.UpTo(published).WaitAsync(limit.Token);
        }
        catch (Exception exception)
        {
            var answers = connection is { IsOpen: true };
            await DisposeAsync();
            if (exception is OperationCanceledException)
                throw stoppingToken.IsCancellationRequested ? exception : new TimeoutException("the broker does not confirm", exception);
            throw answers && exception is not UnpublishableException ? new UnpublishableException(exception.GetBaseException()) : exception;
        }
    }

    private static BasicProperties PropertiesOf(RedrivenMessage message)
    {
        try
        {
            return FailedMessages.PropertiesOf(message.Properties, message.Headers);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException)
        {
            throw new UnpublishableException(exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (channel is not null)
            await channel.DisposeAsync();
        if (connection is not null)
            await connection.DisposeAsync();
        (connection, channel) = (null, null);
    }

    private async Task<IChannel> Connect(CancellationToken cancellationToken)
    {
        if (channel is { IsOpen: true })
            return channel;
        await DisposeAsync();
        connection = await connections.Open("redrive", cancellationToken);
        channel = await connection.CreateChannelAsync(Confirms.Options, cancellationToken);
        (confirms, published) = (Confirms.Of(channel), 0);
        return channel;
    }
}

/// <summary>A message cannot be published as it is, or to the queue that it came from.</summary>
internal sealed class UnpublishableException(Exception cause) : Exception(cause.Message, cause);

/// <summary>A dead letter on its way back.</summary>
internal sealed record RedrivenMessage(Guid Id, string Queue, string Kind, string Properties, string Headers, byte[] Body);
