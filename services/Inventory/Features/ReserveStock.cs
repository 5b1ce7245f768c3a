using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Inventory.Features;

/// <summary>An order was placed: all its lines are reserved, or none.</summary>
public sealed class ReserveStock(UnitOfWork unit, TimeProvider clock) : IHandler<OrderPlaced>
{
    public static void Locks(OrderPlaced placed, RowsToLock rows) => rows
        .Add<Reservation>(placed.OrderId)
        .AddRange<StockItem>(placed.Lines.Select(line => line.Sku));

    public Outcome Handle(OrderPlaced placed)
    {
        var answer = Decide(
            unit.Find<Reservation>(placed.OrderId), placed, sku => unit.Find<StockItem>(sku)?.Available ?? 0, clock.GetUtcNow());
        if (answer.Happened is null)
            return answer.Outcome;

        var reservation = new Reservation(placed);
        unit.Add(reservation);
        unit.Append(reservation, answer);
        if (answer.Happened is StockReserved)
        {
            foreach (var line in placed.Lines)
                unit.Apply(unit.Get<StockItem>(line.Sku), new UnitsReserved(line.Quantity));
        }

        return answer.Outcome;
    }

    /// <returns>
    /// <see cref="StockReserved"/>, or <see cref="StockRejected"/> with every line that is short; nothing when there is an answer already.
    /// </returns>
    public static Decision<object> Decide(
        Reservation? earlier, OrderPlaced placed, Func<string, long> available, DateTimeOffset now)
    {
        // A replay may send an event that the inbox has forgotten; an order must still be answered only once.
        if (earlier is not null)
            return Decision.Nothing;

        // There are fewer units than the quantity, which is an int, so the cast is safe.
        StockShortage[] shortages =
        [
            .. from line in placed.Lines
               let units = available(line.Sku)
               where units < line.Quantity
               select new StockShortage(line.Sku, line.Quantity, (int)units),
        ];
        return shortages is []
            ? new StockReserved(placed.OrderId, now)
            : Decision.Happened<object>(new StockRejected(placed.OrderId, shortages, now));
    }
}
