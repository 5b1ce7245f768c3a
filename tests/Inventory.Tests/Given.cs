using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Inventory.Tests;

/// <summary>Reservations in every state, each built from its events; and the events that reach them.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    public static readonly Guid OrderId = Guid.CreateVersion7(Now);

    private static readonly ShippingAddress Address = new("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB");

    public static OrderPlaced Placed(Guid orderId, params OrderLine[] lines) => new(orderId, "customer-7", lines, Address, Now);

    public static OrderCancelled Cancelled(this OrderPlaced placed) => new(placed.OrderId, placed.Lines, "no need", Now);

    public static ShipmentDispatched Dispatched(this OrderPlaced placed) =>
        new(placed.OrderId, Guid.CreateVersion7(Now), placed.Lines, "SIM-1", Now);

    public static ShipmentDispatched ShipmentDispatched { get; } = Placed(OrderId, new OrderLine("chair-oak", 2)).Dispatched();

    public static Reservation Reservation(ReservationStatus status)
    {
        var placed = Placed(OrderId, new OrderLine("chair-oak", 2));
        return new Reservation(placed).Fold(status switch
        {
            ReservationStatus.Rejected => [new StockRejected(OrderId, [new StockShortage("chair-oak", 2, 1)], Now)],
            ReservationStatus.Released => [new StockReserved(OrderId, Now), new StockReleased(OrderId, Now)],
            ReservationStatus.Shipped => [new StockReserved(OrderId, Now), placed.Dispatched()],
            _ => [new StockReserved(OrderId, Now)],
        });
    }
}
