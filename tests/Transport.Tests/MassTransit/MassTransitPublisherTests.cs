using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace OrderPlatform.Transport.Tests.MassTransit;

/// <summary>Events as MassTransit publishes them.</summary>
public sealed class MassTransitPublisherTests : IAsyncLifetime
{
    private static readonly string[] Types = [.. Enumerable.Range(1, 4).Select(number => $"Sample.Contracts:Event{number}")];
    private TestBroker broker = null!;
    private IConnection connection = null!;
    private IChannel channel = null!;

    public async ValueTask InitializeAsync()
    {
        broker = await TestBroker.CreateVhost();
        connection = await PatientClients.Connect(broker.Uri);
        channel = await connection.CreateChannelAsync();
        await channel.QueueDeclareAsync("all", durable: true, exclusive: false, autoDelete: false);
        foreach (var type in Types)
        {
            await channel.ExchangeDeclareAsync(type, ExchangeType.Fanout, durable: true);
            await channel.QueueBindAsync("all", type, "");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await broker.DisposeAsync();
    }

    /// <summary>Each session starts cold: its first event of each type waits until the exchange is declared.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_of_several_types_keep_their_order(bool filtersWait)
    {
        const int Sessions = 5;
        const int Batches = 4;
        var batchSize = filtersWait ? 50 : 500;
        await using var host = await SingleQueueHost.Start(
            SingleQueueHost.MassTransit, broker, Types, configure: filtersWait ? WaitAtTimes : null);
        var sequence = 0;
        for (var session = 0; session < Sessions; session++)
        {
            await using var publisher = await host.Transport.Publisher();
            var confirms = new List<Task>();
            for (var batch = 0; batch < Batches; batch++)
            {
                OutgoingMessage[] messages = [.. Enumerable.Range(0, batchSize).Select(_ => Message(sequence++))];
                confirms.Add(await publisher.Publish(messages, TestContext.Current.CancellationToken));
            }

            await Task.WhenAll(confirms);
        }

        Assert.Equal(Enumerable.Range(0, sequence), (await Arrived(sequence)).Select(SequenceOf));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_message_is_identical_to_one_sent_by_RabbitMQ_Client(bool asEnvelope, bool isTraced)
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => isTraced && source.Name == "MassTransit",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        var @event = Event(Types[0], 7) with { CausationId = Guid.CreateVersion7(), IsReplayed = true };
        var message = new OutgoingMessage(
            @event.Type, WireFormat.Write(@event, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", asEnvelope));
        foreach (var transport in new[] { SingleQueueHost.MassTransit, SingleQueueHost.RabbitMq })
        {
            await using var host = await SingleQueueHost.Start(transport, broker, Types);
            await using var publisher = await host.Transport.Publisher();
            await await publisher.Publish([message], TestContext.Current.CancellationToken);
        }

        var arrived = await Arrived(2);
        Assert.Equal(Described(arrived[1]), Described(arrived[0]));
    }

    [Fact]
    public async Task A_second_publisher_waits_for_the_end_of_the_first()
    {
        await using var first = await SingleQueueHost.Start(SingleQueueHost.MassTransit, broker, Types);
        await using var second = await SingleQueueHost.Start(SingleQueueHost.RabbitMq, broker, Types);
        var publisher = await first.Transport.Publisher();

        await Assert.ThrowsAsync<IOException>(() => first.Transport.ConnectPublisher(TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<IOException>(() => second.Transport.ConnectPublisher(TestContext.Current.CancellationToken));

        await publisher.DisposeAsync();
        await (await second.Transport.Publisher()).DisposeAsync();
        await (await first.Transport.Publisher()).DisposeAsync();
    }

    [Fact]
    public async Task A_lost_connection_ends_the_publisher_and_nothing_is_sent_again()
    {
        await using var host = await SingleQueueHost.Start(SingleQueueHost.MassTransit, broker, Types);
        await using var publisher = await host.Transport.Publisher();
        await await publisher.Publish([Message(0)], TestContext.Current.CancellationToken);
        var sequence = 1;
        var publishing = Task.Run(
            async () =>
            {
                while (true)
                    await await publisher.Publish([.. Enumerable.Range(0, 200).Select(_ => Message(sequence++))], CancellationToken.None);
            },
            TestContext.Current.CancellationToken);

        await Eventually.Is(async () =>
        {
            await broker.CloseConnections();
            return publishing.IsCompleted;
        });

        await Assert.ThrowsAnyAsync<IOException>(() => publishing);
        Assert.ThrowsAny<IOException>(publisher.ThrowIfFailed);
        await using var again = await PatientClients.Connect(broker.Uri);
        await using var reader = await again.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        var last = -1;
        while (await reader.BasicGetAsync("all", autoAck: true) is { } message)
        {
            var arrived = Convert.ToInt32(message.BasicProperties.Headers![WireHeaders.Sequence]);
            Assert.Equal(last + 1, arrived);
            last = arrived;
        }

        Assert.InRange(last, 0, sequence - 1);
    }

    [Fact]
    public async Task An_unreachable_broker_is_reported()
    {
        await using var host = await SingleQueueHost.Start(SingleQueueHost.MassTransit, broker, Types, away: true);

        await Assert.ThrowsAnyAsync<IOException>(() => host.Transport.ConnectPublisher(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_services_filters_and_observers_see_sent_and_consumed_messages()
    {
        var seen = new ConcurrentQueue<string>();
        await using var host = await SingleQueueHost.Start(
            SingleQueueHost.MassTransit,
            broker,
            [Types[0]],
            [Types[0]],
            (_, rabbit) =>
            {
                rabbit.ConfigureSend(pipe => pipe.UseExecute(context => context.Headers.Set("tenant", "blue")));
                rabbit.ConnectConsumeObserver(new ConsumeObserver(seen));
            },
            services => services.AddSendObserver<SendObserver>(_ => new SendObserver(seen)));
        await using var publisher = await host.Transport.Publisher();

        await await publisher.Publish([new(Types[0], Message(0).Message)], TestContext.Current.CancellationToken);

        await Eventually.Is(() => seen.Count == 2);
        Assert.Equal(["consumed Sample.Contracts:Event1 of blue", "sent Sample.Contracts:Event1"], seen.Order());
        Assert.Single(host.Received);
    }

    private static void WaitAtTimes(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator rabbit) =>
        rabbit.ConfigureSend(pipe => pipe.UseExecuteAsync(async send =>
        {
            if (Random.Shared.Next(4) == 0)
                await Task.Delay(Random.Shared.Next(3));
            await Task.Yield();
        }));

    private static OutgoingMessage Message(int sequence)
    {
        var @event = Event(Types[sequence % Types.Length], sequence);
        return new OutgoingMessage(@event.Type, WireFormat.Write(@event, traceParent: null));
    }

    private static EventEnvelope Event(string type, int sequence)
    {
        var id = Guid.CreateVersion7();
        return new EventEnvelope(id, type, "stream", sequence, id, null, DateTimeOffset.UtcNow, null, Encoding.UTF8.GetBytes("""{"a":1}"""));
    }

    private static int SequenceOf(BasicDeliverEventArgs delivery) =>
        Convert.ToInt32(delivery.BasicProperties.Headers![WireHeaders.Sequence], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Everything except MassTransit's own headers: one tracks confirms, another holds a trace id.</summary>
    private static string Described(BasicDeliverEventArgs delivery)
    {
        var properties = delivery.BasicProperties;
        var headers = properties.Headers!
            .Where(header => header.Key is not ("x-dotnet-pub-seq-no" or "MT-Activity-Id"))
            .OrderBy(header => header.Key, StringComparer.Ordinal)
            .Select(header => header.Value is byte[] text
                ? $"{header.Key} = '{Encoding.UTF8.GetString(text)}'"
                : $"{header.Key} = {header.Value} ({header.Value?.GetType().Name})");
        return string.Join(
            '\n',
            [
                delivery.Exchange, delivery.RoutingKey, properties.MessageId, properties.CorrelationId, properties.ContentType,
                properties.DeliveryMode.ToString(), properties.Expiration, properties.ReplyTo, properties.Type, properties.AppId,
                .. headers, Encoding.UTF8.GetString(delivery.Body.Span),
            ]);
    }

    private async Task<List<BasicDeliverEventArgs>> Arrived(int count)
    {
        var arrived = new List<BasicDeliverEventArgs>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            arrived.Add(new BasicDeliverEventArgs(
                delivery.ConsumerTag,
                delivery.DeliveryTag,
                delivery.Redelivered,
                delivery.Exchange,
                delivery.RoutingKey,
                new BasicProperties(delivery.BasicProperties),
                delivery.Body.ToArray()));
            if (arrived.Count == count)
                all.TrySetResult();
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync("all", autoAck: true, consumer);
        await all.Task.WaitAsync(Eventually.Guard, TestContext.Current.CancellationToken);
        return arrived;
    }

    private sealed class SendObserver(ConcurrentQueue<string> seen) : ISendObserver
    {
        public Task PreSend<T>(SendContext<T> context)
            where T : class => Task.CompletedTask;

        public Task PostSend<T>(SendContext<T> context)
            where T : class
        {
            if (context.Message is OutgoingMessage message)
                seen.Enqueue($"sent {message.Type}");
            return Task.CompletedTask;
        }

        public Task SendFault<T>(SendContext<T> context, Exception exception)
            where T : class => Task.CompletedTask;
    }

    private sealed class ConsumeObserver(ConcurrentQueue<string> seen) : IConsumeObserver
    {
        public Task PreConsume<T>(ConsumeContext<T> context)
            where T : class => Task.CompletedTask;

        public Task PostConsume<T>(ConsumeContext<T> context)
            where T : class
        {
            if (context.Message is EventEnvelope message)
                seen.Enqueue($"consumed {message.Type} of {context.Headers.Get<string>("tenant")}");
            return Task.CompletedTask;
        }

        public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
            where T : class => Task.CompletedTask;
    }
}
