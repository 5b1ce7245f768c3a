using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;
using RabbitMQ.Client;
using Xunit;

namespace OrderPlatform.Messaging.Testing;

/// <summary>A database, a virtual host, and instances of the ledger on them.</summary>
public abstract class SampleServiceTest : IAsyncLifetime
{
    private readonly List<SampleHost> hosts = [];

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected TestDatabase Database { get; private set; } = null!;

    protected TestBroker Broker { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Database = await TestDatabase.Create();
        Broker = await TestBroker.CreateVhost();
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask()));
        await Broker.DisposeAsync();
        await Database.DisposeAsync();
    }

    protected Task<SampleHost> StartService(params (string Key, string Value)[] settings) => StartService(Broker.Uri, settings);

    protected Task<SampleHost> StartService(Uri broker, params (string Key, string Value)[] settings) =>
        StartService(broker, _ => { }, settings);

    protected async Task<SampleHost> StartService(
        Uri broker, Action<IServiceCollection> replace, params (string Key, string Value)[] settings)
    {
        var host = await SampleHost.Start(Database, broker, replace, settings);
        hosts.Add(host);
        return host;
    }

    /// <summary>An instance that operators can ask.</summary>
    protected async Task<SampleHost> StartWebService(Uri broker, params (string Key, string Value)[] settings)
    {
        var host = await SampleHost.StartWeb(Database, broker, settings);
        hosts.Add(host);
        return host;
    }

    protected Task<SampleHost> StartOps(params (string Key, string Value)[] settings) => StartOps(_ => { }, settings);

    protected async Task<SampleHost> StartOps(Action<MessagingBuilder> more, params (string Key, string Value)[] settings)
    {
        var host = await SampleHost.StartWeb(
            Database, Broker.Uri, more, [("Messaging:JobPollInterval", "00:00:00.050"), .. settings]);
        hosts.Add(host);
        return host;
    }

    protected async Task Stop(SampleHost host)
    {
        hosts.Remove(host);
        await host.DisposeAsync();
    }

    /// <summary>An event as the relay publishes it.</summary>
    protected static (string Id, BasicProperties Properties, byte[] Body) Message(Guid account, int sequence, object @event)
    {
        var incoming = Incoming(account, sequence, @event);
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
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(@event, @event.GetType(), EventTypes.Json));

    /// <summary>Puts messages into the ledger's queue.</summary>
    protected async Task Send(params (string Id, BasicProperties Properties, byte[] Body)[] messages)
    {
        // A quorum queue that is still being made refuses messages.
        await Eventually.Is(async () => await Consumers("ledger") > 0);
        await SendTo("ledger", messages);
    }

    /// <summary>Puts messages into a queue.</summary>
    protected async Task SendTo(string queue, params (string Id, BasicProperties Properties, byte[] Body)[] messages)
    {
        await using var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), Cancellation);
        foreach (var (_, properties, body) in messages)
            await channel.BasicPublishAsync("", queue, mandatory: true, properties, body, Cancellation);
    }

    /// <summary>A connection of the test's own.</summary>
    protected Task<IConnection> Connect() =>
        new ConnectionFactory { Uri = Broker.Uri }.CreateConnectionAsync("test", Cancellation);

    /// <summary>Messages that are ready in a queue; 0 when there is no such queue.</summary>
    protected Task<uint> Ready(string queue) => Count(channel => channel.MessageCountAsync(queue, Cancellation));

    /// <summary>Dead letters that are filed.</summary>
    /// <param name="where">A condition on their rows.</param>
    protected Task<long> DeadLetters(string where = "true") =>
        Database.Scalar<long>($"SELECT count(*) FROM messaging.dead_letters WHERE {where}");

    /// <summary>Consumers of a queue; 0 when there is no such queue.</summary>
    protected Task<uint> Consumers(string queue) => Count(channel => channel.ConsumerCountAsync(queue, Cancellation));

    private async Task<uint> Count(Func<IChannel, Task<uint>> count)
    {
        await using var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        try
        {
            return await count(channel);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0;
        }
    }

    /// <summary>Takes the next message of a queue.</summary>
    protected async Task<BasicGetResult?> Take(string queue)
    {
        await using var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        return await channel.BasicGetAsync(queue, autoAck: true, Cancellation);
    }
}
