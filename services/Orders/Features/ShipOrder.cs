using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Features;

/// <summary>The carrier has the goods, even if the customer has requested a cancellation in the meantime.</summary>
public sealed partial class ShipOrder(UnitOfWork unit, ILogger<ShipOrder> logger) : IHandler<ShipmentDispatched>
{
    public static void Locks(ShipmentDispatched dispatched, RowsToLock rows) => rows.Add<Order>(dispatched.OrderId);

    public Outcome Handle(ShipmentDispatched dispatched)
    {
        var order = unit.Find<Order>(dispatched.OrderId);
        if (order?.Status == OrderStatus.Cancelling)
            CancellationTooLate(logger, order.Id, dispatched.ShipmentId);
        return unit.Append(order, Decide(order, dispatched));
    }

    public static Decision<OrderShipped> Decide(Order? order, ShipmentDispatched dispatched) => order?.Status switch
    {
        null or OrderStatus.Placed => Decision.Defer,
        OrderStatus.Confirmed or OrderStatus.Cancelling =>
            new OrderShipped(order.Id, dispatched.ShipmentId, dispatched.TrackingNumber, dispatched.DispatchedAt),
        OrderStatus.Shipped or OrderStatus.Delivered => Decision.Nothing,
        _ => throw new ContradictionException(order, dispatched),
    };

    [LoggerMessage(LogLevel.Information, "Order {OrderId} is shipped as {ShipmentId}; its cancellation came too late")]
    private static partial void CancellationTooLate(ILogger logger, Guid orderId, Guid shipmentId);
}
