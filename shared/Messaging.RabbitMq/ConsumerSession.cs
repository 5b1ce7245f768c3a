using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Handles one queue's messages for the lifetime of a channel. Messages are read and handed over in the order of the queue; many are
/// handled at once, and a loop acknowledges those that are done.
/// </summary>
internal sealed partial class ConsumerSession(
    string queue,
    IChannel channel,
    IMessageReceiver receiver,
    DeadLetterMover mover,
    ILogger logger,
    CancellationToken stoppingToken) : AsyncDefaultBasicConsumer(channel), IDisposable
{
    private readonly CancellationTokenSource ended = new();
    private readonly Acknowledgements acknowledgements = new();
    private readonly Signal handled = new();
    private Exception? failure;
    private int inHand;

    /// <summary>The client calls this for one message after another; it would swallow an exception and forget the message.</summary>
    public override Task HandleBasicDeliverAsync(
        string consumerTag,
        ulong deliveryTag,
        bool redelivered,
        string exchange,
        string routingKey,
        IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellationToken = default)
    {
        // Handed over in the order of the queue up to the first wait, and not awaited: the next message may be handled concurrently.
        if (!stoppingToken.IsCancellationRequested)
            _ = Handle(new ReceivedDelivery(deliveryTag, routingKey, properties, body.ToArray()));
        return Task.CompletedTask;
    }

    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default) =>
        End("the queue is gone");

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => End(reason.ReplyText);

    /// <summary>Acknowledges handled messages until the service stops.</summary>
    /// <exception cref="IOException">The channel is closed.</exception>
    public Task Acknowledge(CancellationToken stoppingToken) => Acknowledge(static () => false, stoppingToken);

    /// <summary>Acknowledges the messages in progress as they finish; gives up when it is cancelled.</summary>
    /// <exception cref="IOException">The channel is closed.</exception>
    public Task Finish(CancellationToken cancellationToken) => Acknowledge(() => Volatile.Read(ref inHand) == 0, cancellationToken);

    /// <summary>Ends the session: nothing is acknowledged from here on.</summary>
    public Task End(string reason)
    {
        Interlocked.CompareExchange(ref failure, new IOException(reason), null);
        handled.Set();
        return ended.CancelAsync();
    }

    public void Dispose() => ended.Cancel();

    private async Task Acknowledge(Func<bool> isDone, CancellationToken cancellationToken)
    {
        await using var wake = cancellationToken.Register(handled.Set);
        while (true)
        {
            var next = handled.Next();
            if (failure is not null)
                throw failure;
            var isLast = cancellationToken.IsCancellationRequested || isDone();
            foreach (var (tag, multiple) in acknowledgements.Take())
                await Channel.BasicAckAsync(tag, multiple, CancellationToken.None);
            if (isLast)
                return;
            await next;
        }
    }

    /// <summary>Never throws. A message that cannot even be moved stays unacknowledged until the channel closes.</summary>
    private async Task Handle(ReceivedDelivery delivery)
    {
        Interlocked.Increment(ref inHand);
        try
        {
            if (await Read(delivery) is { } @event)
                await Receive(delivery, @event);
            acknowledgements.Add(delivery.Tag);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested || ended.IsCancellationRequested)
        {
            // The broker will redeliver the message to the next consumer.
        }
        catch (Exception exception)
        {
            NotMoved(logger, exception, delivery.Properties.MessageId, queue);
        }
        finally
        {
            Interlocked.Decrement(ref inHand);
            handled.Set();
        }
    }

    /// <returns>Null when the message was moved because the queue does not take it, or it cannot be read.</returns>
    private async Task<EventEnvelope?> Read(ReceivedDelivery delivery)
    {
        EventEnvelope? @event;
        try
        {
            @event = receiver.Read(queue, delivery.Read());
        }
        catch (Exception exception)
        {
            await mover.MoveToErrors(delivery, @event: null, exception, ended.Token);
            return null;
        }

        if (@event is null)
            await mover.MoveToSkipped(delivery, ended.Token);
        return @event;
    }

    private async Task Receive(ReceivedDelivery delivery, EventEnvelope @event)
    {
        try
        {
            await receiver.Receive(queue, @event);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            await mover.MoveToErrors(delivery, @event, exception, ended.Token);
        }
    }

    [LoggerMessage(LogLevel.Error, "Message {MessageId} of {Queue} can be neither handled nor moved; it stays unacknowledged")]
    private static partial void NotMoved(ILogger logger, Exception exception, string? messageId, string queue);
}
