using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Features;

/// <summary>The customer wants a confirmed order cancelled: what the carrier has not taken is called off.</summary>
public sealed class CancelShipment(UnitOfWork unit, TimeProvider clock) : IHandler<OrderCancellationRequested>
{
    public static void Reads(OrderCancellationRequested requested, RowsToLock rows) => rows.Add<Shipment>(requested.OrderId);

    public Outcome Handle(OrderCancellationRequested requested)
    {
        if (unit.Find<Shipment>(requested.OrderId) is not { } shipment)
            return Outcome.Defer;
        if (Decide(shipment, requested.Reason, clock.GetUtcNow()) is { } cancelled)
            unit.Append(shipment, cancelled);
        return Outcome.Handled;
    }

    /// <returns>Null when the dispatch stands, or when the shipment is cancelled already.</returns>
    public static ShipmentCancelled? Decide(Shipment shipment, string reason, DateTimeOffset now) =>
        shipment.Status == ShipmentStatus.Pending ? new ShipmentCancelled(shipment.OrderId, shipment.Id, reason, now) : null;
}
