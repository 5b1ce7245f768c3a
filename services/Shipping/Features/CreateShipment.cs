using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Features;

/// <summary>An order was confirmed: its shipment waits for the carrier or, where there is none, is dispatched at once.</summary>
public sealed class CreateShipment(UnitOfWork unit, CarrierOptions carrier, TimeProvider clock) : IHandler<OrderConfirmed>
{
    public static void Locks(OrderConfirmed confirmed, RowsToLock rows) => rows.Add<Shipment>(confirmed.OrderId);

    public Outcome Handle(OrderConfirmed confirmed)
    {
        // A replay may send an event that the inbox has forgotten; an order must still be shipped only once. This is not for Decide: a
        // shipment that waits for the carrier begins without an event.
        if (unit.Find<Shipment>(confirmed.OrderId) is not null)
            return Outcome.Handled;

        var now = clock.GetUtcNow();
        var shipment = new Shipment(confirmed, unit.Cause, now);
        unit.Add(shipment);
        return unit.Append(shipment, Decide(shipment, carrier.Mode, now));
    }

    public static Decision<ShipmentDispatched> Decide(Shipment shipment, CarrierMode mode, DateTimeOffset now) =>
        mode == CarrierMode.Instant
            ? new ShipmentDispatched(shipment.OrderId, shipment.Id, shipment.Lines, $"OP{shipment.Id:N}", now)
            // The carrier must book it first.
            : Decision.Nothing;
}
