using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.DeadLetters;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Operations.Jobs;
using OrderPlatform.Messaging.Operations.Pacing;
using OrderPlatform.Messaging.Operations.Rebuilds;
using OrderPlatform.Messaging.Operations.Replays;
using OrderPlatform.Messaging.Operations.Retention;

namespace OrderPlatform.Messaging.Operations;

/// <summary>Adds the operators' tools: dead letters, replays, rebuilds, retention and archives, and <c>/ops</c>.</summary>
public static class OperationsServices
{
    /// <summary>Adds all of it; without this call, failed messages stay in their error queues and history is kept forever.</summary>
    /// <param name="configure">Names open streams and rebuildable rows.</param>
    public static MessagingBuilder AddOperations(this MessagingBuilder messaging, Action<OperationsBuilder>? configure = null)
    {
        var services = messaging.Services;
        configure?.Invoke(new OperationsBuilder(services));
        services.AddJobs();
        services.AddRetention();
        services.AddDeadLetters();
        services.AddReplays();
        services.AddSingleton<RebuildTable>();
        services.AddHostedService<RebuildRunner>();
        services.AddOps();
        return messaging;
    }

    private static void AddJobs(this IServiceCollection services)
    {
        services.AddSettings<JobOptions>();
        services.AddSingleton(provider => new BackgroundThrottle(
            provider.GetRequiredService<JobOptions>().BackgroundShare, provider.GetRequiredService<TimeProvider>()));
    }

    private static void AddOps(this IServiceCollection services)
    {
        // Admits everyone until the service adds its own policy.
        services.AddAuthorizationBuilder().AddPolicy(OpsEndpoints.Policy, policy => policy.RequireAssertion(_ => true));
        services.AddSettings<OpsOptions>("Ops");
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<OpsOptions>((cors, ops) => cors.AddPolicy(
            OpsEndpoints.Peers, policy => policy.WithOrigins(ops.Origins).WithMethods(HttpMethods.Get)));
    }
}

/// <summary>Names a service's open streams and rebuildable rows; created by <see cref="OperationsServices.AddOperations"/>.</summary>
public sealed class OperationsBuilder
{
    private readonly IServiceCollection services;

    internal OperationsBuilder(IServiceCollection services) => this.services = services;

    /// <summary>Names the open streams, whose events stay in the log. Without it, all streams count as closed.</summary>
    public OperationsBuilder Retains<TStreams>()
        where TStreams : class, IOpenStreams
    {
        services.AddSingleton<IOpenStreams, TStreams>();
        return this;
    }

    /// <summary>
    /// Declares that an entity's rows are the fold of their streams and nothing else: a rebuild compares and repairs them.
    /// </summary>
    /// <param name="begin">Creates the row that the first event is applied to, with only its key.</param>
    /// <typeparam name="TRow">The entity.</typeparam>
    /// <typeparam name="TFirst">The event that every stream of such rows begins with, and that no other stream begins with.</typeparam>
    public OperationsBuilder Rebuilds<TRow, TFirst>(Func<TFirst, TRow> begin)
        where TRow : EventSourcedEntity
        where TFirst : class
    {
        services.AddSingleton(new RowFold(typeof(TRow), EventTypes.NameOf(typeof(TFirst)), first => begin((TFirst)first)));
        return this;
    }
}
