using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Relay;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.ServiceDefaults;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Tests;

/// <summary>One instance of the ledger service, on a real database and a real broker.</summary>
public sealed partial class SampleHost : IAsyncDisposable
{
    private readonly IHost host;

    private SampleHost(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;

    /// <summary>Asks the one that was started with HTTP.</summary>
    public HttpClient Http { get; } = new();

    internal RecordingObserver RecordingObserver => (RecordingObserver)host.Services.GetRequiredService<IEventObserver>();

    public TransactionBatcher Commit => host.Services.GetRequiredService<TransactionBatcher>();

    internal RetentionWorker Retention => host.Services.GetRequiredService<RetentionWorker>();

    internal ArchiveReader Archive => host.Services.GetRequiredService<ArchiveReader>();

    internal EventRelay Relay => host.Services.GetRequiredService<EventRelay>();

    internal ReceiveQueue Queue => host.Services.GetRequiredService<MessageReceiver>().QueueOf("ledger");

    internal InboxTransaction Transaction => host.Services.GetRequiredService<InboxTransaction>();

    internal IBusControl Bus => host.Services.GetRequiredService<IBusControl>();

    public static Task<SampleHost> Start(TestDatabase database, Uri broker, params (string Key, string Value)[] settings) =>
        Start(database, broker, _ => { }, settings);

    public static async Task<SampleHost> Start(
        TestDatabase database, Uri broker, Action<IServiceCollection> replace, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        Configure(builder, database, broker, replace, _ => { }, settings);
        return await Start(builder.Build(), database);
    }

    /// <summary>With what operators see of it over HTTP, as every service has it, at a free port.</summary>
    public static Task<SampleHost> StartWeb(TestDatabase database, Uri broker, params (string Key, string Value)[] settings) =>
        StartWeb(database, broker, _ => { }, settings);

    /// <summary>The same, with more queues.</summary>
    public static async Task<SampleHost> StartWeb(
        TestDatabase database, Uri broker, Action<MessagingBuilder> more, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(SampleHost).Assembly.GetName().Name,
            Args = ["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "Warning"],
        });
        builder.AddServiceDefaults("ledger", port: 0);
        builder.Services.AddValidation();
        Configure(builder, database, broker, _ => { }, more, settings);
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapOps();
        var ledger = await Start(app, database);
        ledger.Http.BaseAddress = new Uri(app.Urls.First());
        return ledger;
    }

    private static void Configure(
        IHostApplicationBuilder builder,
        TestDatabase database,
        Uri broker,
        Action<IServiceCollection> replace,
        Action<MessagingBuilder> more,
        params (string Key, string Value)[] settings)
    {
        // Of a setting that is given twice, the last counts.
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        builder.Configuration["ConnectionStrings:Database"] = database.ConnectionString;
        builder.Configuration["ConnectionStrings:Broker"] = broker.ToString();
        replace(builder.Services);
        builder.AddMessaging<SampleDb>("ledger", messaging =>
        {
            AddEvents(messaging);
            more(messaging);
        });
    }

    private static async Task<SampleHost> Start(IHost host, TestDatabase database)
    {
        var ledger = new SampleHost(host);
        await CreateSchema(database);
        await ledger.host.StartAsync();
        await ledger.host.Services.GetRequiredService<DatabaseStartup>().Ready;
        return ledger;
    }

    private static void AddEvents(MessagingBuilder messaging) => messaging
        .UseMassTransit()
        .AddOperations(operations => operations.Retains<OpenAccounts>())
        .Publishes<Opened>()
        .Publishes<Deposited>()
        .Publishes<Closed>()
        .Records<Audited>()
        .Handles<Opened, TallyOpening>()
        .Handles<Deposited, TallyDeposit>()
        .Handles<Closed, TallyClosing>()
        .Observes<RecordingObserver>();

    /// <summary>Stands in for migrations, which a service of a test has none of.</summary>
    private static async Task CreateSchema(TestDatabase database)
    {
        await using var db = new SampleDb(
            new DbContextOptionsBuilder<SampleDb>().UseNpgsql(database.Source).UseSnakeCaseNamingConvention().Options);
        if (!await db.Database.EnsureCreatedAsync())
            return;
        foreach (var script in MessagingSchema.Scripts(typeof(MessagingSchema).Assembly).Concat(OperationsSchema.Scripts()))
        {
            await db.Database.ExecuteSqlRawAsync(
                script.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
        }
    }

    public Task Open(Guid account) => Append(account, new Opened(account));

    public Task Deposit(Guid account, int amount) => Append(account, new Deposited(account, amount));

    /// <summary>Appends an event to an account's stream; the account begins with its first.</summary>
    public Task Append(Guid account, object @event) => Commit.Run(
        rows => rows.Add<Account>(account),
        unit =>
        {
            var row = unit.Find<Account>(account);
            if (row is null)
                unit.Add(row = new Account { Id = account });
            unit.Append(row, @event);
            return true;
        },
        TestContext.Current.CancellationToken);

    public async Task<T> Query<T>(Func<SampleDb, Task<T>> query)
    {
        await using var scope = host.Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<SampleDb>());
    }

    /// <summary>What <see cref="Opened"/> would have done, by an operator.</summary>
    public Task OpenByHand(Guid account) => Query(
        db => db.Database.ExecuteSqlAsync($"INSERT INTO tallies (id, total, closed, changes) VALUES ({account}, 0, false, 0)"));

    public Task<Tally?> Tally(Guid account) => Query(db => db.Tallies.AsNoTracking().SingleOrDefaultAsync(tally => tally.Id == account));

    /// <summary>Stops in order, as SIGTERM does.</summary>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.StopAsync();
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}

/// <summary>A database, a virtual host, and instances of the ledger on them.</summary>
public abstract partial class SampleServiceTest : IAsyncLifetime
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
