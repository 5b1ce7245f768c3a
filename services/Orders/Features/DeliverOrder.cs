using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Features;

/// <summary>The recipient has the goods.</summary>
public sealed class DeliverOrder(UnitOfWork unit) : IHandler<ShipmentDelivered>
{
    public static void Reads(ShipmentDelivered delivered, RowsToLock rows) => rows.Add<Order>(delivered.OrderId);

    public Outcome Handle(ShipmentDelivered delivered)
    {
        var order = unit.Find<Order>(delivered.OrderId);
        return unit.React(order, Decide(order, delivered));
    }

    public static Reaction<OrderDelivered> Decide(Order? order, ShipmentDelivered delivered) => order?.Status switch
    {
        null or OrderStatus.Placed or OrderStatus.Confirmed or OrderStatus.Cancelling => Outcome.Defer,
        OrderStatus.Shipped => new OrderDelivered(order.Id, delivered.DeliveredAt),
        OrderStatus.Delivered => Outcome.Handled,
        _ => throw new ContradictionException(order, delivered),
    };
}
