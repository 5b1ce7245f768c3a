using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Shipping.Tests;

/// <summary>Shipments in every state, each built from its events; and the events that reach them.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    public static readonly Guid OrderId = Guid.CreateVersion7(Now);
    public static readonly IReadOnlyList<OrderLine> Lines = [new("chair-oak", 2), new("table-oak", 1)];
    public static readonly ShippingAddress Address = new("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB");

    public static OrderConfirmed Confirmed(Guid orderId) => new(orderId, Lines, Address, Now);

    public static OrderCancellationRequested CancellationRequested(Guid orderId) => new(orderId, "no need", Now);

    public static Shipment Shipment(ShipmentStatus status)
    {
        var shipment = new Shipment(Confirmed(OrderId), cause: null, Now);
        var dispatched = new ShipmentDispatched(OrderId, shipment.Id, Lines, "SIM-1", Now);
        return shipment.Fold(status switch
        {
            ShipmentStatus.Pending => [],
            ShipmentStatus.Dispatched => [dispatched],
            ShipmentStatus.Delivered => [dispatched, new ShipmentDelivered(OrderId, shipment.Id, Now)],
            ShipmentStatus.Cancelled => [new ShipmentCancelled(OrderId, shipment.Id, "no need", Now)],
            _ => throw new ArgumentOutOfRangeException(nameof(status)),
        });
    }
}
