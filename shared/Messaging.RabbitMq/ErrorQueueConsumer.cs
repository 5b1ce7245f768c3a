using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Files what is in the service's error and skipped queues. A message is acknowledged after its row is committed; while the database is
/// away, messages are kept unacknowledged, and not returned: the broker counts returns, and drops what it has delivered too often.
/// What MassTransit has moved there is counted already; what the broker has given up itself is counted here.
/// </summary>
internal sealed partial class ErrorQueueConsumer(
    MessagingTopology map,
    RabbitMqConnections connections,
    DeadLetterStore filing,
    MessagingMetrics metrics,
    DatabaseStartup database,
    MessagingOptions options,
    ILogger<ErrorQueueConsumer> logger) : BackgroundService
{
    private static readonly string[] Sources = ["error", "skipped"];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        var backoff = new Backoff();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await connections.Open("dead letters", stoppingToken);
                await using var channel = await connection.CreateChannelAsync(cancellationToken: stoppingToken);
                var arrived = await Consume(channel, stoppingToken);
                backoff = new Backoff();
                await File(channel, arrived, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Interrupted(logger, exception.GetBaseException().Message);
                await backoff.Wait(stoppingToken);
            }
        }
    }

    private async Task<ChannelReader<Arrived>> Consume(IChannel channel, CancellationToken stoppingToken)
    {
        var arrived = Channel.CreateUnbounded<Arrived>(new UnboundedChannelOptions { SingleReader = true });
        channel.ChannelShutdownAsync += (_, reason) => End(arrived.Writer, reason.ReplyText);
        await channel.BasicQosAsync(prefetchSize: 0, options.DeadLetters.Prefetch, global: false, stoppingToken);
        foreach (var queue in map.Queues.Keys)
        {
            foreach (var source in Sources)
            {
                var name = $"{queue}_{source}";
                await ErrorQueue.Declare(channel, name, stoppingToken);
                var consumer = new AsyncEventingBasicConsumer(channel);
                consumer.UnregisteredAsync += (_, _) => End(arrived.Writer, $"the queue {name} is gone");
                consumer.ReceivedAsync += async (_, delivery) => await arrived.Writer.WriteAsync(Read(queue, source, delivery), stoppingToken);
                await channel.BasicConsumeAsync(name, autoAck: false, consumer, stoppingToken);
            }
        }

        return arrived.Reader;
    }

    /// <summary>Never throws: what the client's loop swallowed would be acknowledged with the next message.</summary>
    private Arrived Read(string queue, string source, BasicDeliverEventArgs delivery)
    {
        try
        {
            return new Arrived(
                delivery.DeliveryTag,
                FailedMessages.Of(queue, source, delivery.BasicProperties, delivery.Body.ToArray()),
                IsCounted: delivery.BasicProperties.Headers?.ContainsKey(MassTransit.MessageHeaders.Reason) is true);
        }
        catch (Exception exception)
        {
            NotRead(logger, exception, queue, source);
            return new Arrived(delivery.DeliveryTag, Message: null, IsCounted: false);
        }
    }

    private async Task File(IChannel channel, ChannelReader<Arrived> arrived, CancellationToken stoppingToken)
    {
        var leftBehind = false;
        while (await arrived.WaitToReadAsync(stoppingToken))
        {
            var batch = new List<Arrived>();
            while (batch.Count < options.DeadLetters.Prefetch && arrived.TryRead(out var message))
                batch.Add(message);
            var filed = await filing.File([.. batch.Select(message => message.Message).OfType<FailedMessage>()], stoppingToken);
            foreach (var message in batch.Where(
                message => !message.IsCounted && message.Message is not null && filed.Contains(message.Message)))
                metrics.Of(message.Message!.Queue).DeadLettered(message.Message.Type);

            leftBehind |= filed.Count < batch.Count;
            if (!leftBehind)
                await channel.BasicAckAsync(batch[^1].Tag, multiple: true, CancellationToken.None);
            else
            {
                foreach (var message in batch.Where(message => message.Message is not null && filed.Contains(message.Message)))
                    await channel.BasicAckAsync(message.Tag, multiple: false, CancellationToken.None);
            }
        }
    }

    private static Task End(ChannelWriter<Arrived> arrived, string reason)
    {
        arrived.TryComplete(new IOException(reason));
        return Task.CompletedTask;
    }

    [LoggerMessage(LogLevel.Warning, "Dead letters stay in their queues for now: {Reason}")]
    private static partial void Interrupted(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "A message of {Queue}_{Source} cannot be read, and stays there")]
    private static partial void NotRead(ILogger logger, Exception exception, string queue, string source);

    /// <param name="Tag">By which it is acknowledged.</param>
    /// <param name="Message">Null when it cannot be read.</param>
    /// <param name="IsCounted">Whether whoever moved it has counted it.</param>
    private sealed record Arrived(ulong Tag, FailedMessage? Message, bool IsCounted);
}
