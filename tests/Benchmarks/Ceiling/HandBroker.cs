using System.Threading.Channels;
using RabbitMQ.Client;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>An event as it came from the queue.</summary>
internal sealed record Message(ulong Tag, string Type, Guid EventId, byte[] Body);

/// <summary>
/// One queue to consume, and one relay: committed events are published in commit order, pipelined, and the cursor may
/// follow when the broker has confirmed them.
/// </summary>
internal sealed class HandBroker
{
    private const ushort Prefetch = 2000;
    private const int MostUnconfirmed = 5000;

    private readonly IChannel consuming;
    private readonly IChannel publishing;
    private readonly Channel<(List<LogRow> Rows, long Position)> committed =
        Channel.CreateBounded<(List<LogRow>, long)>(new BoundedChannelOptions(100) { SingleReader = true, SingleWriter = true });

    private readonly Lock gate = new();
    private readonly HashSet<ulong> ahead = [];
    private readonly Queue<(ulong Tag, long Position)> waiting = new();
    private ulong published;
    private ulong confirmed;
    private long confirmedPosition;

    private HandBroker(IChannel consuming, IChannel publishing)
    {
        (this.consuming, this.publishing) = (consuming, publishing);
        publishing.BasicAcksAsync += (_, ack) => Confirm(ack.DeliveryTag, ack.Multiple);
        publishing.BasicNacksAsync += (_, _) => throw Failure("refused a message");
        publishing.BasicReturnAsync += (_, message) => throw Failure($"has no queue for {message.Exchange}");
        publishing.ChannelShutdownAsync += (_, reason) => throw Failure($"closed the channel: {reason.ReplyText}");
    }

    /// <summary>Up to where the log is published and confirmed.</summary>
    public long ConfirmedPosition => Volatile.Read(ref confirmedPosition);

    public static async Task<HandBroker> Connect(Uri uri, string name)
    {
        var factory = new ConnectionFactory { Uri = uri, ClientProvidedName = $"{name} by hand", AutomaticRecoveryEnabled = false };
        var (consumer, publisher) = (await factory.CreateConnectionAsync(), await factory.CreateConnectionAsync());
        var consuming = await consumer.CreateChannelAsync();
        await consuming.BasicQosAsync(0, Prefetch, global: false);
        var publishing = await publisher.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: true,
            publisherConfirmationTrackingEnabled: false,
            outstandingPublisherConfirmationsRateLimiter: null));
        var broker = new HandBroker(consuming, publishing);
        _ = Task.Run(broker.Relay);
        return broker;
    }

    public Task Consume(string queue, Action<Message> arrived) =>
        consuming.BasicConsumeAsync(queue, autoAck: false, new Consumer(consuming, arrived));

    public ValueTask AcknowledgeUpTo(ulong tag) => consuming.BasicAckAsync(tag, multiple: true);

    /// <summary>Publishes what is committed; waits only when the relay is far behind.</summary>
    public ValueTask Publish(List<LogRow> rows, long position) => committed.Writer.WriteAsync((rows, position));

    private async Task Relay()
    {
        try
        {
            await foreach (var (rows, position) in committed.Reader.ReadAllAsync())
            {
                while (published - Volatile.Read(ref confirmed) > MostUnconfirmed)
                    await Task.Delay(1);
                foreach (var row in rows)
                {
                    if (row.Type == EventNames.OrderShipped)
                        continue;
                    await publishing.BasicPublishAsync(row.Type, "", mandatory: true, Properties(row), row.Body);
                    published++;
                }

                lock (gate)
                    waiting.Enqueue((published, position));
                Advance();
            }
        }
        catch (Exception exception)
        {
            throw Failure(exception.ToString());
        }
    }

    private static BasicProperties Properties(LogRow row) => new()
    {
        ContentType = "application/json",
        DeliveryMode = DeliveryModes.Persistent,
        MessageId = row.EventId.ToString(),
        CorrelationId = row.OrderId.ToString(),
    };

    private Task Confirm(ulong tag, bool multiple)
    {
        lock (gate)
        {
            if (multiple)
            {
                confirmed = Math.Max(confirmed, tag);
                ahead.RemoveWhere(other => other <= confirmed);
            }
            else
            {
                ahead.Add(tag);
            }

            while (ahead.Remove(confirmed + 1))
                confirmed++;
        }

        Advance();
        return Task.CompletedTask;
    }

    private void Advance()
    {
        lock (gate)
        {
            while (waiting.TryPeek(out var next) && next.Tag <= confirmed)
                Volatile.Write(ref confirmedPosition, waiting.Dequeue().Position);
        }
    }

    /// <summary>By hand there is one remedy: the process ends, and continues from its cursor when it is restarted.</summary>
    private static InvalidOperationException Failure(string what)
    {
        Environment.FailFast($"The broker {what}");
        return new InvalidOperationException();
    }

    private sealed class Consumer(IChannel channel, Action<Message> arrived) : AsyncDefaultBasicConsumer(channel)
    {
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
            arrived(new Message(deliveryTag, exchange, Guid.Parse(properties.MessageId!), body.ToArray()));
            return Task.CompletedTask;
        }
    }
}
