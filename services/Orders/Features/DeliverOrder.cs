using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Features;

/// <summary>The recipient has the goods.</summary>
public sealed class DeliverOrder(UnitOfWork unit) : IHandler<ShipmentDelivered>
{
    public static void Locks(ShipmentDelivered delivered, RowsToLock rows) => rows.Add<Order>(delivered.OrderId);

    public Outcome Handle(ShipmentDelivered delivered)
    {
        var order = unit.Find<Order>(delivered.OrderId);
        return unit.Append(order, Decide(order, delivered));
    }

    public static Decision<OrderDelivered> Decide(Order? order, ShipmentDelivered delivered) => order?.Status switch
    {
        null or OrderStatus.Placed or OrderStatus.Confirmed or OrderStatus.Cancelling => Decision.Defer,
        OrderStatus.Shipped => new OrderDelivered(order.Id, delivered.DeliveredAt),
        OrderStatus.Delivered => Decision.Nothing,
        _ => throw new ContradictionException(order, delivered),
    };
}
