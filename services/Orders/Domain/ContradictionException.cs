namespace OrderPlatform.Orders.Domain;

/// <summary>
/// Another service reports something impossible, such as shipping a cancelled order. One of the two services has a bug; the event becomes
/// a dead letter, where operators see it.
/// </summary>
public sealed class ContradictionException(Order? order, object @event)
    : Exception($"Order {order?.Id} is {order?.Status}, which contradicts {@event.GetType().Name}.");
