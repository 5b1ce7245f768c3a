using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging;

/// <summary>What a service says about its events, one line for each; made by <c>AddMessaging</c>.</summary>
public sealed class MessagingBuilder
{
    private readonly IServiceCollection services;
    private readonly string service;
    private readonly Dictionary<string, Dictionary<string, HandlerBinding>> queues = [];

    internal MessagingBuilder(IServiceCollection services, string service)
    {
        this.services = services;
        this.service = service;
    }

    internal EventTypes Types { get; } = new();

    internal IReadOnlyDictionary<string, Dictionary<string, HandlerBinding>> Queues => queues;

    /// <summary>
    /// The service's log has events of this type, and others consume them: the relay publishes them, and waits until a queue is bound.
    /// </summary>
    public MessagingBuilder Publishes<TEvent>()
        where TEvent : class
    {
        Types.Publish(typeof(TEvent));
        return this;
    }

    /// <summary>The service's log has events of this type, which nobody consumes: they are history only.</summary>
    public MessagingBuilder Records<TEvent>()
        where TEvent : class
    {
        Types.Record(typeof(TEvent));
        return this;
    }

    /// <summary>What the service counts of its own events, after their commit.</summary>
    public MessagingBuilder Observes<TObserver>()
        where TObserver : class, IEventObserver
    {
        services.AddSingleton<IEventObserver, TObserver>();
        return this;
    }

    /// <summary>Gauges of what the service's tables hold.</summary>
    public MessagingBuilder Samples<TMetrics>()
        where TMetrics : class, ISampledMetrics
    {
        services.AddSingleton<ISampledMetrics, TMetrics>();
        return this;
    }

    /// <summary>Says which streams are open, so that their events stay in the log. Without it, all are closed.</summary>
    public MessagingBuilder Retains<TStreams>()
        where TStreams : class, IOpenStreams
    {
        services.AddSingleton<IOpenStreams, TStreams>();
        return this;
    }

    /// <summary>The rows of an entity are the fold of their streams and nothing else: a rebuild compares and repairs them.</summary>
    /// <param name="begin">Makes the row that the first event is applied to, with nothing but its key.</param>
    /// <typeparam name="TRow">The entity.</typeparam>
    /// <typeparam name="TFirst">What every stream of such rows begins with, and no other stream.</typeparam>
    public MessagingBuilder Rebuilds<TRow, TFirst>(Func<TFirst, TRow> begin)
        where TRow : EventSourcedEntity
        where TFirst : class
    {
        services.AddSingleton(new RowFold(typeof(TRow), EventTypes.NameOf(typeof(TFirst)), first => begin((TFirst)first)));
        return this;
    }

    /// <summary>Consumes an event.</summary>
    /// <param name="queue">
    /// The queue to consume it from; by default the one named like the service. A queue has one handler for a type: a
    /// second handler of the same event has a queue of its own, named <c>service_purpose</c>: the broker's permissions and
    /// policies go by that.
    /// </param>
    /// <exception cref="InvalidOperationException">The queue has a handler of this event already, or another name.</exception>
    public MessagingBuilder Handles<TEvent, THandler>(string? queue = null)
        where TEvent : class
        where THandler : class, IHandler<TEvent>
    {
        services.AddScoped<THandler>();
        var binding = new HandlerBinding(
            typeof(TEvent),
            typeof(THandler),
            static (@event, rows) => THandler.Reads((TEvent)@event, rows),
            static (scope, @event) => scope.GetRequiredService<THandler>().Handle((TEvent)@event));

        queue ??= service;
        if (queue != service && !queue.StartsWith($"{service}_", StringComparison.Ordinal))
            throw new InvalidOperationException($"The queue '{queue}' must be named '{service}' or '{service}_…'.");
        if (!queues.TryGetValue(queue, out var handlers))
            queues[queue] = handlers = [];
        if (!handlers.TryAdd(EventTypes.NameOf(typeof(TEvent)), binding))
        {
            throw new InvalidOperationException(
                $"The queue '{queue}' has two handlers of {typeof(TEvent).Name}; give one a queue of its own.");
        }

        return this;
    }
}

/// <summary>A handler, seen without its types.</summary>
internal sealed record HandlerBinding(
    Type EventType, Type HandlerType, Action<object, RowsToLock> Reads, Func<IServiceProvider, object, Outcome> Handle);
