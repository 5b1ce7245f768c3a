using System.Collections.Frozen;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Prometheus;

namespace OrderPlatform.Messaging;

/// <summary>Adds the messaging library to a service.</summary>
public static class MessagingServices
{
    /// <summary>
    /// Registers the service's database and everything that moves its events: group commit, event log, relay, inbox, queues
    /// and health checks (tag <c>ready</c>).
    /// </summary>
    /// <typeparam name="TDatabase">The service's DbContext; its model calls <see cref="MessagingModel.AddMessaging"/>.</typeparam>
    /// <param name="builder">
    /// Its configuration holds the connection strings <c>Database</c> (Npgsql) and <c>Broker</c> (an AMQP URI).
    /// </param>
    /// <param name="service">The service's name, which its queues begin with: lower case letters, digits and hyphens.</param>
    /// <param name="configure">Names the events it publishes, records and handles.</param>
    public static IHostApplicationBuilder AddMessaging<TDatabase>(
        this IHostApplicationBuilder builder, string service, Action<MessagingBuilder> configure)
        where TDatabase : DbContext
    {
        var services = builder.Services;
        var messaging = new MessagingBuilder(services, service);
        configure(messaging);
        var map = new MessagingTopology(
            service,
            messaging.Types,
            messaging.Queues.ToFrozenDictionary(
                queue => queue.Key, queue => (IReadOnlyDictionary<string, HandlerBinding>)queue.Value.ToFrozenDictionary()));

        services.AddSingleton(map);
        services.AddSingleton(map.Types);
        services.TryAddSingleton<TimeProvider, DatabaseClock>();
        services.AddOptions<MessagingOptions>().BindConfiguration("Messaging").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<MessagingOptions>>().Value);
        services.AddSingleton<BackgroundThrottle>();
        services.AddSingleton(provider => new BrokerAddress(ConnectionString(provider, "Broker")));
        services.AddDatabase<TDatabase>(service);
        services.AddMessagingMetrics();
        services.AddGroupCommit(map);
        services.AddRelay();
        services.AddMassTransitReceiver(map);
        services.AddRetention();
        services.AddOps();
        services.AddDeadLetters();
        services.AddReplays();
        services.AddRebuilds();
        return builder;
    }

    private static void AddDatabase<TDatabase>(this IServiceCollection services, string service)
        where TDatabase : DbContext
    {
        services.AddSingleton(provider => new DatabaseAddress(ConnectionString(provider, "Database"), service));
        services.AddSingleton(provider => provider.GetRequiredService<DatabaseAddress>().CreatePool());
        services.AddDbContextPool<TDatabase>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>())
            .UseSnakeCaseNamingConvention()
            .AddInterceptors(new MigrationGate(provider.GetRequiredService<DatabaseStartup>()))
            // A failed command throws as well, and whoever catches it says what it means: a conflict, for one, is no error.
            .ConfigureWarnings(warnings => warnings.Log(
                (RelationalEventId.CommandError, LogLevel.Debug), (CoreEventId.SaveChangesFailed, LogLevel.Debug))));
        services.AddScoped<DbContext>(provider => provider.GetRequiredService<TDatabase>());
        services.AddHosted<DatabaseStartup>();
        services.AddHealthChecks().AddCheck<DatabaseStartup>("database", tags: ["ready", "requests"]);
    }

    private static void AddGroupCommit(this IServiceCollection services, MessagingTopology map)
    {
        services.AddSingleton<BatchTransaction>();
        services.AddScoped(provider => new UnitOfWork(
            provider.GetRequiredService<DbContext>(), map.Types, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RequestQueue>();
        services.AddSingleton(provider => new TransactionBatcher(provider.GetRequiredService<RequestQueue>()));
        foreach (var queue in map.Queues.Keys)
            services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ReceiveQueue>(provider, queue));
        services.AddHostedService<BatchWorkers>();
        services.AddHostedService<DeferredRetry>();
    }

    private static void AddMessagingMetrics(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => Metrics.NewCustomRegistry());
        services.TryAddSingleton<IMetricFactory>(provider => Metrics.WithCustomRegistry(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<EventObservers>();
        services.AddSingleton<MessagingMetrics>();
        services.AddSingleton<ISampledMetrics, BacklogMetrics>();
        services.AddSingleton<BrokerState>();
        services.AddHostedService<MetricsSampler>();
    }

    private static void AddRelay(this IServiceCollection services)
    {
        services.AddSingleton<Signal>();
        services.AddSingleton<RabbitMqConnections>();
        services.AddHosted<Relay>();
        services.AddHealthChecks().AddCheck<Relay>("relay", tags: ["ready"]);
    }

    private static void AddOps(this IServiceCollection services)
    {
        services.AddScoped(
            provider => new EventHistory(provider.GetRequiredService<DbContext>(), provider.GetRequiredService<EventTypes>()));
        // Everybody, until somebody says who.
        services.AddAuthorizationBuilder().AddPolicy(OpsEndpoints.Policy, policy => policy.RequireAssertion(_ => true));
        services.AddOptions<OpsOptions>().BindConfiguration("Ops");
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<OpsOptions>>().Value);
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<OpsOptions>((cors, ops) => cors.AddPolicy(
            OpsEndpoints.Peers, policy => policy.WithOrigins(ops.Origins).WithMethods(HttpMethods.Get)));
    }

    internal static void AddHosted<THosted>(this IServiceCollection services)
        where THosted : class, IHostedService
    {
        services.AddSingleton<THosted>();
        services.AddHostedService(provider => provider.GetRequiredService<THosted>());
    }

    private static string ConnectionString(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IConfiguration>().GetConnectionString(name)
        ?? (EF.IsDesignTime
            ? "Host=design-time"
            : throw new InvalidOperationException($"The setting ConnectionStrings:{name} is missing."));
}
