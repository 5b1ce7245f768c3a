using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Features;

/// <summary>The stock of an order is short: the order is rejected.</summary>
public sealed partial class RejectOrder(UnitOfWork unit, TimeProvider clock, ILogger<RejectOrder> logger) : IHandler<StockRejected>
{
    public static void Locks(StockRejected rejected, RowsToLock rows) => rows.Add<Order>(rejected.OrderId);

    public Outcome Handle(StockRejected rejected)
    {
        var order = unit.Find<Order>(rejected.OrderId);
        var decision = Decide(order, rejected, clock.GetUtcNow());
        if (decision.Happened is not null)
            Rejected(logger, rejected.OrderId, rejected.Shortages.Count);
        return unit.Append(order, decision);
    }

    public static Decision<OrderRejected> Decide(Order? order, StockRejected rejected, DateTimeOffset now) => order?.Status switch
    {
        null => Decision.Defer,
        OrderStatus.Placed => new OrderRejected(order.Id, rejected.Shortages, now),
        // Already rejected, or cancelled while Inventory was checking.
        OrderStatus.Rejected or OrderStatus.Cancelled => Decision.Nothing,
        _ => throw new ContradictionException(order, rejected),
    };

    [LoggerMessage(LogLevel.Information, "Order {OrderId} is rejected: {Shortages} of its lines are short")]
    private static partial void Rejected(ILogger logger, Guid orderId, int shortages);
}
