using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Storage;

/// <summary>An order is open until it is rejected, cancelled or delivered.</summary>
public sealed class OpenOrders : IOpenStreams
{
    private static readonly OrderStatus[] Final = [OrderStatus.Rejected, OrderStatus.Cancelled, OrderStatus.Delivered];

    public IQueryable<string> In(DbContext database) =>
        from order in database.Set<Order>() where !Final.Contains(order.Status) select order.Id.ToString();
}
