using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Inventory.Features;

/// <summary>The goods of an order left the warehouse: its units are no longer reserved.</summary>
public sealed class ShipStock(UnitOfWork unit) : IHandler<ShipmentDispatched>
{
    public static void Locks(ShipmentDispatched dispatched, RowsToLock rows) => rows
        .Add<Reservation>(dispatched.OrderId)
        .AddRange<StockItem>(dispatched.Lines.Select(line => line.Sku));

    public Outcome Handle(ShipmentDispatched dispatched)
    {
        var reservation = unit.Find<Reservation>(dispatched.OrderId);
        var decision = Decide(reservation, dispatched);
        if (decision.Happened is { } left)
        {
            // The event is in Shipping's log: here it only changes rows.
            unit.Apply(reservation!, left);
            foreach (var line in reservation!.Lines)
                unit.Apply(unit.Get<StockItem>(line.Sku), new UnitsShipped(line.Quantity));
        }

        return decision.Outcome;
    }

    public static Decision<ShipmentDispatched> Decide(Reservation? reservation, ShipmentDispatched dispatched) => reservation?.Status switch
    {
        null => Decision.Defer,
        ReservationStatus.Reserved => dispatched,
        ReservationStatus.Shipped => Decision.Nothing,
        var status => throw new InvalidOperationException($"Order {dispatched.OrderId} was dispatched, but its stock is {status}."),
    };
}
