using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Sampling;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging;

/// <summary>Registers a service's events, with one line for each; <c>AddMessaging</c> provides it.</summary>
public sealed class MessagingBuilder
{
    private readonly string service;
    private readonly Dictionary<string, Dictionary<string, HandlerBinding>> queues = [];
    private readonly Dictionary<string, Action<IServiceCollection, TransportTopology>> transports = [];

    internal MessagingBuilder(IServiceCollection services, string service)
    {
        Services = services;
        this.service = service;
    }

    /// <summary>The service's registrations, for extensions of the library.</summary>
    public IServiceCollection Services { get; }

    internal EventTypes Types { get; } = new();

    internal IReadOnlyDictionary<string, Dictionary<string, HandlerBinding>> Queues => queues;

    internal IReadOnlyDictionary<string, Action<IServiceCollection, TransportTopology>> Transports => transports;

    /// <summary>
    /// Adds a transport. The setting <c>Messaging:Transport</c> chooses among those that are added; by default the first is used.
    /// </summary>
    /// <param name="name">The transport's name in that setting.</param>
    /// <param name="register">
    /// Registers an <see cref="ITransport"/>, its <see cref="MessagingSystem"/> and hosted services that consume the queues; called only
    /// when the transport is chosen.
    /// </param>
    public MessagingBuilder AddTransport(string name, Action<IServiceCollection, TransportTopology> register)
    {
        transports.Add(name, register);
        return this;
    }

    /// <summary>
    /// Registers an event that other services consume: the relay publishes it, and waits until a queue is bound.
    /// </summary>
    public MessagingBuilder Publishes<TEvent>()
        where TEvent : class
    {
        Types.Publish(typeof(TEvent));
        return this;
    }

    /// <summary>Registers an event for the service's own history; it is not published.</summary>
    public MessagingBuilder Records<TEvent>()
        where TEvent : class
    {
        Types.Record(typeof(TEvent));
        return this;
    }

    /// <summary>Adds an observer, which is called after the commit for every event that was appended or applied.</summary>
    public MessagingBuilder Observes<TObserver>()
        where TObserver : class, IEventObserver
    {
        Services.AddSingleton<IEventObserver, TObserver>();
        return this;
    }

    /// <summary>Adds gauges that are sampled from the service's tables.</summary>
    public MessagingBuilder Samples<TMetrics>()
        where TMetrics : class, ISampledMetrics
    {
        Services.AddSingleton<ISampledMetrics, TMetrics>();
        return this;
    }

    /// <summary>Consumes an event.</summary>
    /// <param name="queue">
    /// The queue to consume it from; by default, the service's name. A queue has one handler for a type, so a second handler of
    /// the same event needs its own queue, named <c>service_purpose</c>: the broker's permissions and policies depend on that.
    /// </param>
    /// <exception cref="InvalidOperationException">
    /// The queue already has a handler of this event, or its name does not begin with the service's name.
    /// </exception>
    public MessagingBuilder Handles<TEvent, THandler>(string? queue = null)
        where TEvent : class
        where THandler : class, IHandler<TEvent>
    {
        Services.AddScoped<THandler>();
        var binding = new HandlerBinding(
            typeof(TEvent),
            typeof(THandler),
            static (@event, rows) => THandler.Locks((TEvent)@event, rows),
            static (scope, @event) => scope.GetRequiredService<THandler>().Handle((TEvent)@event));

        queue ??= service;
        if (queue != service && !queue.StartsWith($"{service}_", StringComparison.Ordinal))
            throw new InvalidOperationException($"The queue '{queue}' must be named '{service}' or '{service}_…'.");
        if (!queues.TryGetValue(queue, out var handlers))
            queues[queue] = handlers = [];
        if (!handlers.TryAdd(EventTypes.NameOf(typeof(TEvent)), binding))
        {
            throw new InvalidOperationException(
                $"The queue '{queue}' has two handlers of {typeof(TEvent).Name}; give one its own queue.");
        }

        return this;
    }
}
