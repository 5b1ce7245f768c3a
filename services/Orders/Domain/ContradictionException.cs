namespace OrderPlatform.Orders.Domain;

/// <summary>
/// Another service says something impossible, such as that it shipped a cancelled order. That is a bug of theirs or of ours, and the dead
/// letters are where somebody will see it.
/// </summary>
public sealed class ContradictionException(Order? order, object @event)
    : Exception($"Order {order?.Id} is {order?.Status}, which {@event.GetType().Name} contradicts.");
