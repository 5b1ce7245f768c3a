using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Handlers;

/// <summary>A service's events, as registered in Program.cs.</summary>
/// <param name="Service">The service's name; the names of its queues begin with it.</param>
/// <param name="Types">The events that it publishes or records.</param>
/// <param name="Queues">The handlers, by queue and wire address.</param>
internal sealed record MessagingTopology(
    string Service, EventTypes Types, IReadOnlyDictionary<string, IReadOnlyDictionary<string, HandlerBinding>> Queues)
{
    /// <summary>The handler of a message; null when its queue has none for its type.</summary>
    public HandlerBinding? HandlerOf(string queue, string? type) =>
        type is not null && Queues.TryGetValue(queue, out var handlers) && handlers.TryGetValue(type, out var handler) ? handler : null;
}

/// <summary>A handler, without its type parameters.</summary>
/// <param name="EventType">The contract that it takes.</param>
/// <param name="Locks">Names the rows that it will look up.</param>
/// <param name="Handle">Runs it in a scope.</param>
internal sealed record HandlerBinding(
    Type EventType, Type HandlerType, Action<object, RowsToLock> Locks, Func<IServiceProvider, object, Outcome> Handle);
