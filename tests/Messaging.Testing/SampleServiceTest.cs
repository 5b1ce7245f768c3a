using System.Text.Json;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Xunit;

namespace OrderPlatform.Messaging.Testing;

/// <summary>A database, a virtual host, and instances of the sample service that use them.</summary>
/// <param name="shared">The fixture whose database and virtual host the tests of a class share; if null, each test has its own.</param>
public abstract class SampleServiceTest(SharedSampleService? shared = null) : IAsyncLifetime
{
    private readonly List<SampleHost> hosts = [];
    private IConnection? connection;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected TestDatabase Database { get; private set; } = null!;

    protected TestBroker Broker { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Database = shared?.Database ?? await SampleTemplate.Copy();
        Broker = shared?.Broker ?? await TestBroker.CreateVhost();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask()));
        if (connection is not null)
            await connection.DisposeAsync();
        if (shared is not null)
            return;
        await Broker.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>An instance of the sample service, to be started. Test classes override it with the settings of all their tests.</summary>
    protected virtual SampleServiceBuilder Service() => new(Database, Broker.Uri, async builder =>
    {
        var host = await builder.Build();
        hosts.Add(host);
        return host;
    });

    /// <summary>The running instance that the tests of the class share. The first of them starts it.</summary>
    protected Task<SampleHost> SharedService() => shared is null
        ? throw new InvalidOperationException("The class has no SharedSampleService.")
        : shared.StartOnce(Service());

    /// <summary>Stops an instance before the test ends.</summary>
    protected async Task Stop(SampleHost host)
    {
        hosts.Remove(host);
        await host.DisposeAsync();
    }

    /// <summary>An event as the relay publishes it.</summary>
    protected static (string Id, BasicProperties Properties, byte[] Body) Message(
        Guid account, int sequence, object @event, Guid? eventId = null)
    {
        var incoming = Incoming(account, sequence, @event, eventId);
        return (
            incoming.EventId.ToString(), AmqpMessage.Write(WireFormat.Write(incoming, traceParent: null)), incoming.Body.ToArray());
    }

    /// <summary>An event as it reaches a queue.</summary>
    protected static EventEnvelope Incoming(Guid account, int sequence, object @event, Guid? eventId = null) => new(
        eventId ?? Guid.CreateVersion7(),
        EventTypes.NameOf(@event.GetType()),
        account.ToString(),
        sequence,
        account,
        CausationId: null,
        DateTimeOffset.UtcNow,
        TraceParent: null,
        JsonSerializer.SerializeToUtf8Bytes(@event, @event.GetType(), EventTypes.Json));

    /// <summary>Puts messages into the service's queue.</summary>
    protected Task Send(params (string Id, BasicProperties Properties, byte[] Body)[] messages) => SendTo("ledger", messages);

    /// <summary>Puts messages into a queue that the service consumes, as soon as it does.</summary>
    protected async Task SendTo(string queue, params (string Id, BasicProperties Properties, byte[] Body)[] messages)
    {
        // A quorum queue refuses messages until its declaration is complete.
        await IsConsumed(queue);
        await using var channel = await (await Connect()).CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        foreach (var (_, properties, body) in messages)
            await channel.BasicPublishAsync("", queue, mandatory: true, properties, body, Cancellation);
    }

    /// <summary>Waits until a queue has a consumer.</summary>
    protected Task IsConsumed(string queue) => Eventually.Is(async () => await Consumers(queue) > 0, $"{queue} is consumed");

    /// <summary>Consumers of a queue; 0 when there is no such queue.</summary>
    protected Task<uint> Consumers(string queue) => Count(channel => channel.ConsumerCountAsync(queue, Cancellation));

    /// <summary>Messages that are ready in a queue; 0 when there is no such queue.</summary>
    protected Task<uint> Ready(string queue) => Count(channel => channel.MessageCountAsync(queue, Cancellation));

    /// <summary>Takes the next message of a queue; null when there is none.</summary>
    protected Task<BasicGetResult?> Take(string queue) => OnChannel(channel => channel.BasicGetAsync(queue, autoAck: true, Cancellation));

    /// <summary>Declares a queue that no service consumes, and binds it to an exchange.</summary>
    protected Task Bind(string queue, string exchange, string type = ExchangeType.Fanout, string routingKey = "") =>
        OnChannel(async channel =>
        {
            await channel.ExchangeDeclareAsync(exchange, type, durable: true, cancellationToken: Cancellation);
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: Cancellation);
            await channel.QueueBindAsync(queue, exchange, routingKey, cancellationToken: Cancellation);
            return queue;
        });

    /// <summary>Uses a channel of the test's connection to the broker.</summary>
    protected async Task<T> OnChannel<T>(Func<IChannel, Task<T>> use)
    {
        await using var channel = await (await Connect()).CreateChannelAsync(cancellationToken: Cancellation);
        return await use(channel);
    }

    /// <summary>Waits until so many dead letters are filed.</summary>
    /// <param name="count">How many.</param>
    /// <param name="where">A condition on their rows.</param>
    protected Task DeadLettersBecome(int count, string where = "true") =>
        Eventually.Is(async () => await DeadLetters(where) == count, $"{count} dead letters where {where}");

    /// <summary>Counts the dead letters that are filed.</summary>
    /// <param name="where">A condition on their rows.</param>
    protected Task<long> DeadLetters(string where = "true") =>
        Database.Scalar<long>($"SELECT count(*) FROM messaging.dead_letters WHERE {where}");

    /// <summary>Waits until so many events are deferred.</summary>
    /// <param name="count">How many.</param>
    /// <param name="where">A condition on their rows.</param>
    protected Task DeferredBecome(int count, string where = "true") =>
        Eventually.Is(async () => await Deferred(where) == count, $"{count} events are deferred where {where}");

    /// <summary>Counts the events that are deferred.</summary>
    /// <param name="where">A condition on their rows.</param>
    protected Task<long> Deferred(string where = "true") =>
        Database.Scalar<long>($"SELECT count(*) FROM messaging.deferred_events WHERE {where}");

    /// <summary>Connects to the broker, once for each test, and again after the test has closed all connections.</summary>
    protected async Task<IConnection> Connect()
    {
        if (connection is { IsOpen: true })
            return connection;
        if (connection is not null)
            await connection.DisposeAsync();
        return connection = await PatientClients.Connect(Broker.Uri, recovers: false, Cancellation);
    }

    private async Task<uint> Count(Func<IChannel, Task<uint>> count)
    {
        try
        {
            return await OnChannel(count);
        }
        catch (OperationInterruptedException)
        {
            return 0;
        }
    }
}
