using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.ServiceDefaults;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Testing;

/// <summary>How an instance of the sample service differs from the usual one.</summary>
public sealed class SampleServiceBuilder
{
    private const string Quick = "00:00:00.300";

    // Short, so that tests need not wait for the product's pauses.
    private static readonly string[] Intervals =
    [
        "DeadLetters:RedriveInterval", "DeadLetters:ReconcileInterval", "DeferredRetryInterval", "JobPollInterval", "SampleInterval",
        "TakeOverInterval",
    ];

    private readonly Func<SampleServiceBuilder, Task<SampleHost>> start;
    private readonly TestDatabase database;
    private readonly Dictionary<string, string> settings = [];
    private Action<IServiceCollection> replace = _ => { };
    private Action<MessagingBuilder> handle = _ => { };
    private Uri broker;
    private bool http;
    private bool operations = true;

    internal SampleServiceBuilder(TestDatabase database, Uri broker, Func<SampleServiceBuilder, Task<SampleHost>> start)
    {
        (this.database, this.broker, this.start) = (database, broker, start);
        foreach (var interval in Intervals)
            With($"Messaging:{interval}", Quick);
    }

    /// <summary>Sets a configuration key; the last value counts.</summary>
    public SampleServiceBuilder With(string key, string value)
    {
        settings[key] = value;
        return this;
    }

    /// <inheritdoc cref="With(string, string)"/>
    public SampleServiceBuilder With(params IEnumerable<(string Key, string Value)> all)
    {
        foreach (var (key, value) in all)
            With(key, value);
        return this;
    }

    /// <summary>Uses this instead of the product's own implementation.</summary>
    public SampleServiceBuilder WithService<TService>(TService instead)
        where TService : class =>
        WithServices(services => services.AddSingleton(instead));

    /// <inheritdoc cref="WithService{TService}(TService)"/>
    public SampleServiceBuilder WithServices(Action<IServiceCollection> instead)
    {
        replace += instead;
        return this;
    }

    /// <summary>Uses another address of the broker.</summary>
    public SampleServiceBuilder WithBroker(Uri address)
    {
        broker = address;
        return this;
    }

    /// <summary>Handles more events.</summary>
    public SampleServiceBuilder WithHandlers(Action<MessagingBuilder> more)
    {
        handle += more;
        return this;
    }

    /// <summary>Serves the operators' API at a free port.</summary>
    public SampleServiceBuilder WithHttp()
    {
        http = true;
        return this;
    }

    /// <summary>Leaves out dead letters, replays, retention and the rest of Operations.</summary>
    public SampleServiceBuilder WithoutOperations()
    {
        operations = false;
        return this;
    }

    /// <summary>Starts the instance. It stops with the test.</summary>
    public Task<SampleHost> Start() => start(this);

    internal async Task<SampleHost> Build()
    {
        var host = http ? BuildWeb() : BuildWorker();
        if (!database.IsCopy)
            await SampleSchema.Create(database);
        return await SampleHost.Start(host);
    }

    private IHost BuildWorker()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        Configure(builder);
        return builder.Build();
    }

    private WebApplication BuildWeb()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(SampleHost).Assembly.GetName().Name,
            Args = ["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "Warning"],
        });
        builder.AddServiceDefaults("ledger", port: 0);
        builder.Services.AddValidation();
        Configure(builder);
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapOps();
        return app;
    }

    private void Configure(IHostApplicationBuilder builder)
    {
        builder.Configuration["ConnectionStrings:Database"] = database.ConnectionString;
        builder.Configuration["ConnectionStrings:Broker"] = broker.ToString();
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        replace(builder.Services);
        builder.AddMessaging<SampleDb>("ledger", messaging =>
        {
            if (operations)
                messaging.AddOperations(rows => rows.Retains<OpenAccounts>());
            handle(messaging
                .UseMassTransit()
                .UseRabbitMq()
                .Publishes<Opened>()
                .Publishes<Deposited>()
                .Publishes<Closed>()
                .Records<Audited>()
                .Handles<Opened, TallyOpening>()
                .Handles<Deposited, TallyDeposit>()
                .Handles<Closed, TallyClosing>()
                .Observes<RecordingObserver>());
        });
    }
}
