using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using OrderPlatform.Testing;

namespace OrderPlatform.Orders.Tests;

/// <summary>Orders in every state, each built from its events; and the events that reach them.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    public static readonly Guid OrderId = Guid.CreateVersion7(Now);
    public static readonly Guid ShipmentId = Guid.CreateVersion7(Now);
    public static readonly IReadOnlyList<OrderLine> Lines = [new("chair-oak", 2), new("table-oak", 1)];
    public static readonly ShippingAddress Address = new("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB");
    public static readonly IReadOnlyList<StockShortage> Shortages = [new("table-oak", 1, 0)];

    public static readonly StockReserved StockReserved = new(OrderId, Now);
    public static readonly StockRejected StockRejected = new(OrderId, Shortages, Now);
    public static readonly ShipmentDispatched ShipmentDispatched = new(OrderId, ShipmentId, Lines, "SIM-1", Now.AddHours(1));
    public static readonly ShipmentDelivered ShipmentDelivered = new(OrderId, ShipmentId, Now.AddHours(2));
    public static readonly ShipmentCancelled ShipmentCancelled = new(OrderId, ShipmentId, "no need", Now);

    private static readonly OrderPlaced WasPlaced = new(OrderId, "customer-7", Lines, Address, Now);
    private static readonly OrderConfirmed WasConfirmed = new(OrderId, Lines, Address, Now);
    private static readonly OrderRejected WasRejected = new(OrderId, Shortages, Now);
    private static readonly OrderCancellationRequested WasToBeCancelled = new(OrderId, "no need", Now);
    private static readonly OrderCancelled WasCancelled = new(OrderId, Lines, "no need", Now);
    private static readonly OrderShipped WasShipped = new(OrderId, ShipmentId, "SIM-1", Now.AddHours(1));
    private static readonly OrderDelivered WasDelivered = new(OrderId, Now.AddHours(2));

    public static Order Order(OrderStatus status) => new Order(OrderId).Fold(status switch
    {
        OrderStatus.Placed => [WasPlaced],
        OrderStatus.Confirmed => [WasPlaced, WasConfirmed],
        OrderStatus.Rejected => [WasPlaced, WasRejected],
        OrderStatus.Cancelling => [WasPlaced, WasConfirmed, WasToBeCancelled],
        OrderStatus.Cancelled => [WasPlaced, WasConfirmed, WasToBeCancelled, WasCancelled],
        OrderStatus.Shipped => [WasPlaced, WasConfirmed, WasShipped],
        OrderStatus.Delivered => [WasPlaced, WasConfirmed, WasShipped, WasDelivered],
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    });

    public static Order? OrderOrNone(OrderStatus? status) => status is { } known ? Order(known) : null;

    /// <summary>The same event, of another order.</summary>
    public static object For(Guid orderId, object @event) => @event switch
    {
        StockReserved reserved => reserved with { OrderId = orderId },
        StockRejected rejected => rejected with { OrderId = orderId },
        ShipmentDispatched dispatched => dispatched with { OrderId = orderId },
        ShipmentDelivered delivered => delivered with { OrderId = orderId },
        ShipmentCancelled cancelled => cancelled with { OrderId = orderId },
        _ => throw new ArgumentException("Orders does not consume it.", nameof(@event)),
    };

    public static PlaceOrderRequest Request(string customerId = "customer-7") => new(
        customerId,
        [new PlaceOrderLine("chair-oak", 2), new PlaceOrderLine("table-oak", 1)],
        new PlaceOrderAddress("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"));
}
