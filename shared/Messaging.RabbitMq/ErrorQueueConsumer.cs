using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Files the messages of the service's error and skipped queues. A message is acknowledged after its row is committed. While the database
/// is unavailable, messages are kept unacknowledged and not returned: the broker counts returns, and drops a message that it has delivered
/// too often. Messages that the service has moved there are already counted; those that the broker itself gave up on are counted here.
/// </summary>
internal sealed partial class ErrorQueueConsumer(
    TransportTopology topology,
    RabbitMqConnections connections,
    IDeadLetterStore store,
    IMessageReceiver receiver,
    ILogger<ErrorQueueConsumer> logger) : BackgroundLoop(Task.CompletedTask, TimeSpan.Zero)
{
    private static readonly (string Suffix, DeadLetterSource Source)[] Sources =
        [("error", DeadLetterSource.Error), ("skipped", DeadLetterSource.Skipped)];

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var connection = await connections.Open("dead letters", stoppingToken);
        try
        {
            var channel = await connection.CreateChannelAsync(cancellationToken: stoppingToken);
            var arrived = await Consume(channel, stoppingToken);
            Progressed();
            await File(channel, arrived, stoppingToken);
        }
        finally
        {
            await connection.Close();
        }
    }

    protected override void Interrupted(Exception exception) => Interrupted(logger, exception.GetBaseException().Message);

    private async Task<ChannelReader<Arrived>> Consume(IChannel channel, CancellationToken stoppingToken)
    {
        var arrived = Channel.CreateUnbounded<Arrived>(new UnboundedChannelOptions { SingleReader = true });
        channel.ChannelShutdownAsync += (_, reason) => End(arrived.Writer, reason.ReplyText);
        await channel.BasicQosAsync(prefetchSize: 0, store.Prefetch, global: false, stoppingToken);
        foreach (var queue in topology.Queues.Keys)
        {
            foreach (var (suffix, source) in Sources)
            {
                var name = $"{queue}_{suffix}";
                await QueueTopology.DeclareQueue(channel, name, stoppingToken);
                var consumer = new AsyncEventingBasicConsumer(channel);
                consumer.UnregisteredAsync += (_, _) => End(arrived.Writer, $"the queue {name} is gone");
                consumer.ReceivedAsync += async (_, delivery) => await arrived.Writer.WriteAsync(Read(queue, source, delivery), stoppingToken);
                await channel.BasicConsumeAsync(name, autoAck: false, consumer, stoppingToken);
            }
        }

        return arrived.Reader;
    }

    /// <summary>Never throws: the client would swallow the exception, and the message would be acknowledged with the next one.</summary>
    private Arrived Read(string queue, DeadLetterSource source, BasicDeliverEventArgs delivery)
    {
        try
        {
            return new Arrived(
                delivery.DeliveryTag,
                FaultHeaders.Read(queue, source, delivery.BasicProperties, delivery.Body.ToArray()),
                IsCounted: delivery.BasicProperties.Headers?.ContainsKey(FaultHeaders.Reason) is true);
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
            while (batch.Count < store.Prefetch && arrived.TryRead(out var message))
                batch.Add(message);
            var filed = await store.File([.. batch.Select(message => message.Message).OfType<DeadLetter>()], stoppingToken);
            foreach (var message in batch.Where(
                message => !message.IsCounted && message.Message is not null && filed.Contains(message.Message)))
                receiver.DeadLettered(message.Message!.Queue, WireFormat.TypeOf(message.Message.Message));

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

    [LoggerMessage(LogLevel.Warning, "Error queues cannot be read ({Reason}); leaving their messages there and retrying")]
    private static partial void Interrupted(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Error, "A message of {Queue} cannot be read ({Source}); it stays in its queue")]
    private static partial void NotRead(ILogger logger, Exception exception, string queue, DeadLetterSource source);

    /// <param name="Tag">The delivery tag, for the acknowledgement.</param>
    /// <param name="Message">Null when it cannot be read.</param>
    /// <param name="IsCounted">Whether it was counted when it was moved.</param>
    private sealed record Arrived(ulong Tag, DeadLetter? Message, bool IsCounted);
}
