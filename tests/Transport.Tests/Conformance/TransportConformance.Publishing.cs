using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    private const string Probe = "probe";
    private static readonly ConformanceHost.Settings OnlyPublishes = new(Consumes: false);

    [Fact]
    public async Task Events_arrive_in_the_order_in_which_they_are_published()
    {
        await using var publisher = await Publisher();
        var messages = Enumerable.Range(0, 2000)
            .Select(number => Events.Message(number % 3 == 0 ? Events.Paid : Events.Placed, Events.Number(number)));

        var confirmed = new List<Task>();
        foreach (var batch in messages.Chunk(150))
            confirmed.Add(await publisher.Publish(batch, Cancellation));
        await Task.WhenAll(confirmed);

        for (var number = 0; number < 2000; number++)
            Assert.Equal(Events.Number(number), Events.NameOf((await Raw.Get(Probe))!.Body));
    }

    [Fact]
    public async Task A_batch_is_confirmed_once_the_broker_has_stored_every_event()
    {
        await using var publisher = await Publisher();

        await await publisher.Publish(Events.Messages(200), Cancellation);

        Assert.Equal(200u, await Raw.Count(Probe));
    }

    [Fact]
    public async Task An_empty_batch_is_confirmed()
    {
        await using var publisher = await Publisher();

        await await publisher.Publish([], Cancellation);
    }

    [Fact]
    public async Task A_published_event_is_persistent_and_carries_only_its_own_headers()
    {
        await using var publisher = await Publisher();
        var @event = Events.Of(Events.Placed, "one");
        var written = WireFormat.Write(@event, @event.TraceParent);

        await await publisher.Publish([new OutgoingMessage(Events.Placed, written)], Cancellation);

        var arrived = (await Raw.Get(Probe))!;
        var read = AmqpMessage.Read(arrived.BasicProperties, arrived.Body.ToArray());
        Assert.Equal(DeliveryModes.Persistent, arrived.BasicProperties.DeliveryMode);
        Assert.Equal(@event.Body.ToArray(), read.Body.ToArray());
        Assert.Equal(
            written.Headers.OrderBy(header => header.Key),
            Published(read).OrderBy(header => header.Key));
        Assert.Equal(Properties(written), Properties(read));
    }

    [Fact]
    public async Task The_brokers_name_is_known_to_spans()
    {
        var host = await Start(OnlyPublishes);

        Assert.NotEmpty(host.Services.GetRequiredService<MessagingSystem>().Name);
    }

    [Fact]
    public async Task An_unroutable_event_fails_its_batch_and_the_publisher()
    {
        var host = await Start(OnlyPublishes);
        await using var publisher = await host.Transport.Publisher();
        await Raw.Bind(Probe, Events.Placed);

        var confirmed = await publisher.Publish([Events.Message(Events.Placed, "taken"), Events.Message(Events.Paid, "lost")], Cancellation);

        var failure = await Assert.ThrowsAsync<IOException>(() => confirmed);
        Assert.Equal(
            $"no queue is bound to exchange '{Events.Paid}' (NO_ROUTE): its events wait until a consumer or the deployment declares one",
            failure.Message);
        Assert.Throws<IOException>(publisher.ThrowIfFailed);
    }

    [Fact]
    public async Task A_service_has_one_publisher_at_a_time()
    {
        var (host, standby) = (await Start(OnlyPublishes), await Start(OnlyPublishes));
        var publisher = await host.Transport.Publisher();

        await Assert.ThrowsAsync<IOException>(() => standby.Transport.ConnectPublisher(Cancellation));

        publisher.ThrowIfFailed();
        await publisher.DisposeAsync();
        await Eventually.Is(async () =>
        {
            await using var successor = await standby.Transport.ConnectPublisher(Cancellation);
            return true;
        });
    }

    [Fact]
    public async Task A_lost_connection_fails_unconfirmed_batches_and_the_publisher()
    {
        var proxy = Proxy();
        await using var publisher = await Publisher(Through(proxy));
        await await publisher.Publish(Events.Messages(1), Cancellation);
        proxy.Freeze();
        var confirmed = await publisher.Publish(Events.Messages(10), Cancellation);
        Assert.False(confirmed.IsCompleted);

        proxy.Close();

        await Assert.ThrowsAnyAsync<Exception>(() => confirmed.WaitAsync(Eventually.Guard, Cancellation));
        await Eventually.Is(() => Fails(publisher));
    }

    [Fact]
    public async Task An_idle_publisher_notices_a_lost_connection()
    {
        await using var publisher = await Publisher();
        await Eventually.Is(async () => (await Broker.Ask("vhosts/{vhost}/connections"))!.Value.GetArrayLength() >= 2);

        await Eventually.Is(async () =>
        {
            await Broker.CloseConnections();
            return Fails(publisher);
        });
    }

    [Fact]
    public async Task A_body_of_one_mebibyte_arrives_unchanged()
    {
        var host = await Start();
        await using var publisher = await host.Transport.Publisher();
        var name = new string('x', 1024 * 1024);

        await await publisher.Publish([Events.Message(Events.Paid, name)], Cancellation);

        await Eventually.Is(() => !host.Receiver.Received.IsEmpty);
        Assert.Equal([name], host.Receiver.Bodies);
    }

    /// <summary>A publisher of the service, with a queue that receives its events.</summary>
    private async Task<IEventPublisher> Publisher(string? address = null)
    {
        var host = await Start(OnlyPublishes, address);
        var publisher = await host.Transport.Publisher();
        await Raw.Bind(Probe, Events.Placed, Events.Paid);
        return publisher;
    }

    /// <summary>Its headers, without those that the client adds for confirms and the broker adds on delivery.</summary>
    private static Dictionary<string, object?> Published(TransportMessage message) =>
        message.Headers.Where(header => header.Key is not ("x-dotnet-pub-seq-no" or "x-delivery-count")).ToDictionary();

    private static TransportMessage Properties(TransportMessage message) =>
        message with { Body = default, Headers = TransportMessage.NoHeaders };

    private static bool Fails(IEventPublisher publisher)
    {
        try
        {
            publisher.ThrowIfFailed();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
