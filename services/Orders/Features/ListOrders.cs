using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Storage;

namespace OrderPlatform.Orders.Features;

public static class ListOrders
{
    /// <summary>Lists orders, the newest first.</summary>
    /// <remarks>
    /// Orders that are placed while somebody turns the pages never shift them: for the next page, pass <c>next</c> as
    /// <c>after</c>.
    /// </remarks>
    /// <param name="status" example="shipped">Only orders that are exactly this far.</param>
    /// <param name="customerId" example="customer-7">Only orders of this customer.</param>
    /// <param name="after">Only orders that come after this one, the last of the page before.</param>
    /// <param name="limit" example="50">The most orders on a page, 1 to 200.</param>
    /// <response code="200">A page of orders; empty if there are none.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Ok<OrderPage>> Handle(
        OrdersDb db,
        CancellationToken cancellationToken,
        OrderStatus? status = null,
        [StringLength(64, MinimumLength = 1), RegularExpression(@"\P{Cc}*")] string? customerId = null,
        Guid? after = null,
        [Range(1, 200)] int limit = 50)
    {
        IQueryable<Order> orders = db.Orders;
        if (status is not null)
            orders = orders.Where(order => order.Status == status);
        if (customerId is not null)
            orders = orders.Where(order => order.CustomerId == customerId);
        if (after is { } last)
            orders = orders.Where(order => order.Id < last);

        // Ids are UUIDv7, so their order is that of placing, and the primary key is the index of every page.
        var items = await orders
            .OrderByDescending(order => order.Id)
            .Take(limit + 1)
            .Select(order => new OrderSummary(order.Id, order.CustomerId, order.Status, order.PlacedAt))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(items.Count > limit ? new OrderPage(items[..limit], items[limit - 1].OrderId) : new OrderPage(items, null));
    }
}

/// <summary>Some orders, the newest first.</summary>
/// <param name="Items">As many as the limit allows.</param>
/// <param name="Next">What to pass as <c>after</c> for the next page; null on the last.</param>
public sealed record OrderPage(IReadOnlyList<OrderSummary> Items, Guid? Next);

/// <summary>An order in a list.</summary>
/// <param name="OrderId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">UUIDv7: ids of later orders are greater.</param>
/// <param name="CustomerId" example="customer-7">Who ordered, in the caller's own words.</param>
/// <param name="Status" example="shipped">How far it is.</param>
/// <param name="PlacedAt">When it was accepted, UTC.</param>
public sealed record OrderSummary(Guid OrderId, string CustomerId, OrderStatus Status, DateTimeOffset PlacedAt);
