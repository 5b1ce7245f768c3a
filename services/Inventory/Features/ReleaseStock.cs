using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging;

namespace OrderPlatform.Inventory.Features;

/// <summary>An order was cancelled: what was reserved for it is available again.</summary>
public sealed class ReleaseStock(UnitOfWork unit, TimeProvider clock) : IHandler<OrderCancelled>
{
    public static void Reads(OrderCancelled cancelled, RowsToLock rows) => rows
        .Add<Reservation>(cancelled.OrderId)
        .AddRange<StockItem>(cancelled.Lines.Select(line => line.Sku));

    public Outcome Handle(OrderCancelled cancelled)
    {
        if (unit.Find<Reservation>(cancelled.OrderId) is not { } reservation)
            return Outcome.Defer;
        if (Decide(reservation, clock.GetUtcNow()) is not { } released)
            return Outcome.Handled;

        unit.Append(reservation, released);
        foreach (var line in reservation.Lines)
            unit.Get<StockItem>(line.Sku).Release(line.Quantity);
        return Outcome.Handled;
    }

    /// <returns>Null when there is nothing to release.</returns>
    public static StockReleased? Decide(Reservation reservation, DateTimeOffset now) => reservation.Status switch
    {
        ReservationStatus.Reserved => new StockReleased(reservation.OrderId, now),
        ReservationStatus.Rejected or ReservationStatus.Released => null,
        var status => throw new InvalidOperationException($"Order {reservation.OrderId} was cancelled, but its stock is {status}."),
    };
}
