using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Features;

/// <summary>The customer wants to cancel a confirmed order: its shipment is cancelled, unless the carrier has taken it.</summary>
public sealed class CancelShipment(UnitOfWork unit, TimeProvider clock) : IHandler<OrderCancellationRequested>
{
    public static void Locks(OrderCancellationRequested requested, RowsToLock rows) => rows.Add<Shipment>(requested.OrderId);

    public Outcome Handle(OrderCancellationRequested requested)
    {
        var shipment = unit.Find<Shipment>(requested.OrderId);
        return unit.Append(shipment, Decide(shipment, requested.Reason, clock.GetUtcNow()));
    }

    public static Decision<ShipmentCancelled> Decide(Shipment? shipment, string reason, DateTimeOffset now) => shipment?.Status switch
    {
        null => Decision.Defer,
        ShipmentStatus.Pending => new ShipmentCancelled(shipment.OrderId, shipment.Id, reason, now),
        // Already cancelled; or dispatched, and the dispatch stands.
        _ => Decision.Nothing,
    };
}
