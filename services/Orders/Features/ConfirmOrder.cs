using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Features;

/// <summary>The stock of an order is reserved: the order may be shipped.</summary>
public sealed class ConfirmOrder(UnitOfWork unit, TimeProvider clock) : IHandler<StockReserved>
{
    public static void Locks(StockReserved reserved, RowsToLock rows) => rows.Add<Order>(reserved.OrderId);

    public Outcome Handle(StockReserved reserved)
    {
        var order = unit.Find<Order>(reserved.OrderId);
        return unit.Append(order, Decide(order, reserved, clock.GetUtcNow()));
    }

    public static Decision<OrderConfirmed> Decide(Order? order, StockReserved reserved, DateTimeOffset now) => order?.Status switch
    {
        null => Decision.Defer,
        OrderStatus.Placed => new OrderConfirmed(order.Id, order.Lines, order.ShippingAddress, now),
        OrderStatus.Rejected => throw new ContradictionException(order, reserved),
        // Cancelled while Inventory was reserving: OrderCancelled makes Inventory release the stock. Otherwise: already confirmed.
        _ => Decision.Nothing,
    };
}
