using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Relay;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.ServiceDefaults;
using OrderPlatform.Testing;
using Xunit;

namespace OrderPlatform.Messaging.Testing;

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
