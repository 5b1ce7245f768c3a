using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Storage;

namespace OrderPlatform.Orders.Features;

public static class ListOrders
{
    /// <summary>Lists orders, newest first.</summary>
    /// <remarks>
    /// For the next page, pass <c>next</c> as <c>after</c>. Orders that are placed in the meantime do not shift the pages.
    /// </remarks>
    /// <param name="status" example="shipped">Only orders with this status.</param>
    /// <param name="customerId" example="customer-7">Only orders of this customer.</param>
    /// <param name="after">Only orders that come after this one, the last of the previous page.</param>
    /// <param name="limit" example="50">The maximum number of orders on a page, 1 to 200.</param>
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

        // Ids are UUIDv7, so sorting by id sorts by the time at which the orders were placed.
        var items = await orders
            .OrderByDescending(order => order.Id)
            .Take(limit + 1)
            .Select(order => new OrderSummary(order.Id, order.CustomerId, order.Status, order.PlacedAt))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(items.Count > limit ? new OrderPage(items[..limit], items[limit - 1].OrderId) : new OrderPage(items, null));
    }
}

/// <summary>A page of orders, newest first.</summary>
/// <param name="Items">At most as many as the limit allows.</param>
/// <param name="Next">Pass it as <c>after</c> for the next page; null on the last page.</param>
public sealed record OrderPage(IReadOnlyList<OrderSummary> Items, Guid? Next);

/// <summary>An order in a list.</summary>
/// <param name="OrderId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">UUIDv7: ids of later orders are greater.</param>
/// <param name="CustomerId" example="customer-7">The customer, as the caller named it.</param>
/// <param name="Status" example="shipped">Its status at the time of the request.</param>
/// <param name="PlacedAt">When it was accepted, UTC.</param>
public sealed record OrderSummary(Guid OrderId, string CustomerId, OrderStatus Status, DateTimeOffset PlacedAt);
