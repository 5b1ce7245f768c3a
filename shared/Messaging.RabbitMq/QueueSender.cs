using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Sends messages to one queue on its own connection.</summary>
internal sealed class QueueSender(IConnection connection, TransportTopology topology) : IQueueSender
{
    private readonly List<string> returned = [];
    private IChannel? sending;
    private Confirms sent = new();
    private IChannel? replaying;
    private Confirms replayed = new();
    private IChannel? inspection;
    private bool inspectionIsRefused;
    private ulong sentCount;
    private ulong replayedCount;

    public async Task Send(string queue, IReadOnlyList<TransportMessage> messages, CancellationToken cancellationToken)
    {
        try
        {
            var channel = await OpenSending(cancellationToken);
            foreach (var message in messages)
            {
                // To the queue's own exchange, which only its service may write to; no user has permission on the default exchange.
                await channel.BasicPublishAsync(
                    queue, "", mandatory: true, AmqpMessage.Write(Original(message)), message.Body, cancellationToken);
                sentCount++;
            }

            await sent.UpTo(sentCount).WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException && connection.IsOpen)
        {
            throw new MessageRefusedException(exception.GetBaseException().Message, exception);
        }
    }

    public async Task<IReadOnlyDictionary<string, int>> Replay(
        string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        var channel = await OpenReplaying(cancellationToken);
        returned.Clear();
        foreach (var (type, message) in messages)
        {
            await channel.BasicPublishAsync(
                ReplayExchange.Of(type),
                ReplayExchange.RoutingKey(queue, type),
                mandatory: true,
                AmqpMessage.Write(message),
                message.Body,
                cancellationToken);
            replayedCount++;
        }

        await replayed.UpTo(replayedCount).WaitAsync(cancellationToken);
        var keys = messages.Select(message => message.Type).Distinct().ToDictionary(type => ReplayExchange.RoutingKey(queue, type));
        return returned.CountBy(key => keys[key]).ToDictionary();
    }

    /// <remarks>
    /// Since 4.2.6, RabbitMQ requires a permission on the queue (any permission since 4.3.1; rabbitmq-server PR 16272). A producer must not
    /// have any of them: then the answer is null.
    /// </remarks>
    public async Task<long?> MessageCount(string queue, CancellationToken cancellationToken)
    {
        if (inspectionIsRefused)
            return null;
        try
        {
            return (await (await OpenInspection(cancellationToken)).QueueDeclarePassiveAsync(queue, cancellationToken)).MessageCount;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            throw new QueueNotFoundException(queue, exception);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.AccessRefused)
        {
            inspectionIsRefused = true;
            return null;
        }
    }

    public async ValueTask DisposeAsync() => await connection.Close();

    /// <summary>The message without the headers that were added on the way to an error queue.</summary>
    private static TransportMessage Original(TransportMessage message) =>
        message with { Headers = message.Headers.Where(header => !FaultHeaders.IsAdded(header.Key)).ToDictionary() };

    private async Task<IChannel> OpenSending(CancellationToken cancellationToken)
    {
        // After a refusal, the sequence of confirms has a gap.
        if (sending is { IsOpen: true } && !sent.HasFailed)
            return sending;
        if (sending is not null)
            await sending.DisposeAsync();
        sending = await connection.CreateChannelAsync(Confirms.Options, cancellationToken);
        (sent, sentCount) = (new Confirms(), 0);
        var confirms = sent;
        confirms.Follow(sending);
        sending.BasicReturnAsync += (_, message) =>
        {
            confirms.Fail(new IOException($"There is no queue '{message.Exchange}' ({message.ReplyText})."));
            return Task.CompletedTask;
        };
        return sending;
    }

    /// <summary>Declares the exchanges that replays of the service's events go through.</summary>
    private async Task<IChannel> OpenReplaying(CancellationToken cancellationToken)
    {
        if (replaying is { IsOpen: true })
            return replaying;
        if (replaying is not null)
            await replaying.DisposeAsync();
        replaying = await connection.CreateChannelAsync(Confirms.Options, cancellationToken);
        (replayed, replayedCount) = (new Confirms(), 0);
        replayed.Follow(replaying);
        // The broker returns a message before it confirms it.
        replaying.BasicReturnAsync += (_, message) =>
        {
            returned.Add(message.RoutingKey);
            return Task.CompletedTask;
        };
        foreach (var exchange in topology.Published.Select(ReplayExchange.Of).Distinct())
            await replaying.ExchangeDeclareAsync(exchange, ExchangeType.Direct, durable: true, cancellationToken: cancellationToken);
        return replaying;
    }

    /// <summary>A separate channel, because the broker closes it when it answers with an error; then a new one is opened.</summary>
    private async Task<IChannel> OpenInspection(CancellationToken cancellationToken)
    {
        if (inspection is { IsOpen: true })
            return inspection;
        if (inspection is not null)
            await inspection.DisposeAsync();
        return inspection = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
    }
}
