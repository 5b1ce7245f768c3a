using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Inventory.Features;

/// <summary>An order was cancelled: its reserved stock is available again.</summary>
public sealed class ReleaseStock(UnitOfWork unit, TimeProvider clock) : IHandler<OrderCancelled>
{
    public static void Locks(OrderCancelled cancelled, RowsToLock rows) => rows
        .Add<Reservation>(cancelled.OrderId)
        .AddRange<StockItem>(cancelled.Lines.Select(line => line.Sku));

    public Outcome Handle(OrderCancelled cancelled)
    {
        var reservation = unit.Find<Reservation>(cancelled.OrderId);
        var decision = Decide(reservation, cancelled.OrderId, clock.GetUtcNow());
        if (decision.Happened is not null)
        {
            foreach (var line in reservation!.Lines)
                unit.Apply(unit.Get<StockItem>(line.Sku), new UnitsReleased(line.Quantity));
        }

        return unit.Append(reservation, decision);
    }

    public static Decision<StockReleased> Decide(Reservation? reservation, Guid orderId, DateTimeOffset now) => reservation?.Status switch
    {
        null => Decision.Defer,
        ReservationStatus.Reserved => new StockReleased(orderId, now),
        ReservationStatus.Rejected or ReservationStatus.Released => Decision.Nothing,
        var status => throw new InvalidOperationException($"Order {orderId} was cancelled, but its stock is {status}."),
    };
}
