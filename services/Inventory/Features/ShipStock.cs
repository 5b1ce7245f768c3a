using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging;

namespace OrderPlatform.Inventory.Features;

/// <summary>The goods of an order left the warehouse: its reserved units leave the books.</summary>
public sealed class ShipStock(UnitOfWork unit) : IHandler<ShipmentDispatched>
{
    public static void Reads(ShipmentDispatched dispatched, RowsToLock rows) => rows
        .Add<Reservation>(dispatched.OrderId)
        .AddRange<StockItem>(dispatched.Lines.Select(line => line.Sku));

    public Outcome Handle(ShipmentDispatched dispatched)
    {
        if (unit.Find<Reservation>(dispatched.OrderId) is not { } reservation)
            return Outcome.Defer;
        if (!Decide(reservation))
            return Outcome.Handled;

        reservation.Apply(dispatched);
        unit.Tell(reservation, dispatched);
        foreach (var line in reservation.Lines)
            unit.Get<StockItem>(line.Sku).Ship(line.Quantity);
        return Outcome.Handled;
    }

    /// <returns>False when the goods have left the books already.</returns>
    public static bool Decide(Reservation reservation) => reservation.Status switch
    {
        ReservationStatus.Reserved => true,
        ReservationStatus.Shipped => false,
        var status => throw new InvalidOperationException($"Order {reservation.OrderId} was dispatched, but its stock is {status}."),
    };
}
