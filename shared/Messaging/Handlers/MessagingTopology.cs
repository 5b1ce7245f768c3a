using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Handlers;

/// <summary>What Program.cs says about a service's events.</summary>
/// <param name="Service">The service's name, with which its queues begin.</param>
/// <param name="Types">The events it knows.</param>
/// <param name="Queues">By queue and wire address, the handlers.</param>
internal sealed record MessagingTopology(
    string Service, EventTypes Types, IReadOnlyDictionary<string, IReadOnlyDictionary<string, HandlerBinding>> Queues)
{
    /// <summary>The handler of a message; null when its queue has none for its type.</summary>
    public HandlerBinding? HandlerOf(string queue, string? type) =>
        type is not null && Queues.TryGetValue(queue, out var handlers) && handlers.TryGetValue(type, out var handler) ? handler : null;
}

/// <summary>A handler, seen without its types.</summary>
/// <param name="EventType">The contract that it takes.</param>
/// <param name="HandlerType">The class.</param>
/// <param name="Locks">Names the rows that it will look for.</param>
/// <param name="Handle">Runs it in a scope.</param>
internal sealed record HandlerBinding(
    Type EventType, Type HandlerType, Action<object, RowsToLock> Locks, Func<IServiceProvider, object, Outcome> Handle);
