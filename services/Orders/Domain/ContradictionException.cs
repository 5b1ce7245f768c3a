namespace OrderPlatform.Orders.Domain;

/// <summary>
/// Another service reports something impossible, such as that it shipped a cancelled order. That is a bug there or here; the event becomes
/// a dead letter, where operators see it.
/// </summary>
public sealed class ContradictionException(Order? order, object @event)
    : Exception($"Order {order?.Id} is {order?.Status}, which {@event.GetType().Name} contradicts.");
