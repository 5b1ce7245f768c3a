using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Features;

/// <summary>The shipment was cancelled in time, so the order is cancelled.</summary>
public sealed class CompleteCancellation(UnitOfWork unit, TimeProvider clock) : IHandler<ShipmentCancelled>
{
    public static void Locks(ShipmentCancelled cancelled, RowsToLock rows) => rows.Add<Order>(cancelled.OrderId);

    public Outcome Handle(ShipmentCancelled cancelled)
    {
        var order = unit.Find<Order>(cancelled.OrderId);
        return unit.Append(order, Decide(order, cancelled, clock.GetUtcNow()));
    }

    public static Decision<OrderCancelled> Decide(Order? order, ShipmentCancelled cancelled, DateTimeOffset now) => order?.Status switch
    {
        null or OrderStatus.Placed => Decision.Defer,
        // Confirmed: Shipping cancelled the shipment unasked, and an order without a shipment must not stay open.
        OrderStatus.Cancelling or OrderStatus.Confirmed => new OrderCancelled(order.Id, order.Lines, cancelled.Reason, now),
        OrderStatus.Cancelled => Decision.Nothing,
        _ => throw new ContradictionException(order, cancelled),
    };
}
