using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Relay;
using OrderPlatform.Messaging.Sampling;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;
using Prometheus;

namespace OrderPlatform.Messaging;

/// <summary>Adds the messaging library to a service.</summary>
public static class MessagingServices
{
    private const string Section = "Messaging";

    /// <summary>
    /// Registers the service's database and everything that moves its events: batching, event log, relay, inbox, queues and health checks
    /// (tag <c>ready</c>).
    /// </summary>
    /// <typeparam name="TDatabase">The service's DbContext; its model calls <see cref="MessagingModel.AddMessaging"/>.</typeparam>
    /// <param name="builder">
    /// Its configuration holds the connection strings <c>Database</c> (Npgsql) and <c>Broker</c> (in the transport's form, such as an
    /// AMQP URI).
    /// </param>
    /// <param name="service">The service's name: lower case letters, digits and hyphens. The names of its queues begin with it.</param>
    /// <param name="configure">Names the events it publishes, records and handles, and at least one transport.</param>
    /// <exception cref="InvalidOperationException">
    /// The service adds no transport, or <c>Messaging:Transport</c> names one that it does not add.
    /// </exception>
    public static IHostApplicationBuilder AddMessaging<TDatabase>(
        this IHostApplicationBuilder builder, string service, Action<MessagingBuilder> configure)
        where TDatabase : DbContext
    {
        var services = builder.Services;
        var messaging = new MessagingBuilder(services, service);
        configure(messaging);
        var topology = new MessagingTopology(
            service,
            messaging.Types,
            messaging.Queues.ToFrozenDictionary(
                queue => queue.Key, queue => (IReadOnlyDictionary<string, HandlerBinding>)queue.Value.ToFrozenDictionary()));

        services.AddSingleton(topology);
        services.AddSingleton(topology.Types);
        services.TryAddSingleton<TimeProvider, DatabaseClock>();
        services.AddDatabase<TDatabase>(service);
        services.AddMetrics();
        services.AddBatching();
        services.AddInbox(topology);
        services.AddRelay();
        services.AddTransport(messaging, topology, builder.Configuration[$"{Section}:Transport"]);
        return builder;
    }

    /// <summary>Binds options to a section, validates them at startup, and registers the options object itself.</summary>
    internal static void AddSettings<TOptions>(this IServiceCollection services, string section = Section)
        where TOptions : class
    {
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<TOptions>>().Value);
    }

    internal static void AddHosted<THosted>(this IServiceCollection services)
        where THosted : class, IHostedService
    {
        services.AddSingleton<THosted>();
        services.AddHostedService(provider => provider.GetRequiredService<THosted>());
    }

    private static void AddDatabase<TDatabase>(this IServiceCollection services, string service)
        where TDatabase : DbContext
    {
        services.AddSingleton(provider => new DatabaseAddress(
            provider.GetRequiredService<IConfiguration>().GetConnectionString("Database")
                ?? (EF.IsDesignTime
                    ? "Host=design-time"
                    : throw new InvalidOperationException("The setting ConnectionStrings:Database is missing.")),
            service));
        services.AddSingleton(provider => provider.GetRequiredService<DatabaseAddress>().CreatePool());
        services.AddDbContextPool<TDatabase>((provider, options) => options
            // It uses the container's NpgsqlDataSource. One that is passed here makes EF Core build its model and compile its queries anew
            // for each database that a process uses, as tests do.
            .UseNpgsql()
            .UseSnakeCaseNamingConvention()
            .AddInterceptors(
                new MigrationGate(provider.GetRequiredService<DatabaseStartup>()),
                new BrokenSessions(provider.GetRequiredService<NpgsqlDataSource>()))
            // A failed command also throws, and the code that catches it decides what it means: a conflict, for example, is not an error.
            .ConfigureWarnings(warnings => warnings.Log(
                (RelationalEventId.CommandError, LogLevel.Debug), (CoreEventId.SaveChangesFailed, LogLevel.Debug))));
        services.AddScoped<DbContext>(provider => provider.GetRequiredService<TDatabase>());
        services.AddHosted<DatabaseStartup>();
        services.AddHealthChecks().AddCheck<DatabaseStartup>("database", tags: ["ready", "requests"]);
        services.AddScoped(provider => new EventHistory(
            provider.GetRequiredService<DbContext>(), provider.GetRequiredService<MessagingTopology>().Types));
    }

    private static void AddMetrics(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => Prometheus.Metrics.NewCustomRegistry());
        services.TryAddSingleton<IMetricFactory>(provider =>
            Prometheus.Metrics.WithCustomRegistry(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSettings<SamplingOptions>();
        services.AddSingleton<MessagingMetrics>();
        services.AddSingleton<ISampledMetrics, BacklogMetrics>();
        services.AddHostedService<MetricsSampler>();
    }

    private static void AddBatching(this IServiceCollection services)
    {
        services.AddSettings<BatchingOptions>();
        services.AddSingleton<ICommitObserver, EventObservers>();
        services.AddSingleton<BatchTransaction>();
        services.AddScoped(provider => new UnitOfWork(
            provider.GetRequiredService<DbContext>(),
            provider.GetRequiredService<MessagingTopology>().Types,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new TransactionBatcher(
            provider.GetRequiredService<BatchTransaction>(),
            provider.GetRequiredService<MessagingTopology>(),
            provider.GetRequiredService<MessagingMetrics>(),
            provider.GetRequiredService<BatchingOptions>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IBatchLoop>(provider => provider.GetRequiredService<TransactionBatcher>());
        services.AddHostedService<BatchWorkers>();
    }

    private static void AddInbox(this IServiceCollection services, MessagingTopology topology)
    {
        services.AddSettings<InboxOptions>();
        services.AddSingleton<EventDispatcher>();
        services.AddSingleton<InboxTransaction>();
        services.AddSingleton<DeferredEvents>();
        services.AddSingleton<MessageReceiver>();
        services.AddSingleton<IMessageReceiver>(provider => provider.GetRequiredService<MessageReceiver>());
        foreach (var queue in topology.Queues.Keys)
        {
            services.AddKeyedSingleton(queue, (provider, _) => ActivatorUtilities.CreateInstance<ReceiveQueue>(provider, queue));
            services.AddSingleton<IBatchLoop>(provider => provider.GetRequiredKeyedService<ReceiveQueue>(queue));
        }

        services.AddHostedService<DeferredRetry>();
    }

    private static void AddRelay(this IServiceCollection services)
    {
        services.AddSettings<RelayOptions>();
        services.AddSingleton<AppendSignal>();
        services.AddSingleton<ICommitObserver>(provider => provider.GetRequiredService<AppendSignal>());
        services.AddHosted<EventRelay>();
        services.AddHealthChecks().AddCheck<EventRelay>("relay", tags: ["ready"]);
    }

    private static void AddTransport(
        this IServiceCollection services, MessagingBuilder messaging, MessagingTopology topology, string? chosen)
    {
        services.AddSettings<TransportOptions>();
        if (messaging.Transports.Count == 0)
            throw new InvalidOperationException("The service adds no transport: add one in AddMessaging, such as UseMassTransit().");
        chosen = string.IsNullOrEmpty(chosen) ? messaging.Transports.Keys.First() : chosen;
        if (!messaging.Transports.TryGetValue(chosen, out var register))
        {
            throw new InvalidOperationException(
                $"{Section}:Transport is '{chosen}'; this service has {string.Join(" and ", messaging.Transports.Keys)}.");
        }

        var transport = new TransportTopology(
            topology.Service,
            topology.Types.Published,
            topology.Queues.ToFrozenDictionary(queue => queue.Key, queue => (IReadOnlyCollection<string>)[.. queue.Value.Keys]));
        services.AddSingleton(transport);
        register(services, transport);
    }
}
