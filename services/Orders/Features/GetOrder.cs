using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Contracts;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Storage;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Orders.Features;

public static class GetOrder
{
    /// <summary>Shows an order: its lines, its status and its outcome.</summary>
    /// <param name="asOf" example="2026-01-31T12:00:00Z">
    /// Shows the order as it was at this time, rebuilt from its events. If omitted, shows it as it is now.
    /// </param>
    /// <response code="200">The order.</response>
    /// <response code="400">The time is malformed.</response>
    /// <response code="404"><c>order-not-found</c>: there is no such order, or there was none at that time.</response>
    /// <response code="409"><c>order-history-archived</c>: its first events are no longer in the log.</response>
    public static async Task<Results<Ok<OrderDetails>, ProblemHttpResult>> Handle(
        Guid id, OrdersDb db, EventHistory history, CancellationToken cancellationToken, DateTimeOffset? asOf = null)
    {
        if (asOf is { } time)
            return await AsOf(id, time.ToUniversalTime(), db, history, cancellationToken);
        var order = await db.Orders.AsNoTracking().SingleOrDefaultAsync(order => order.Id == id, cancellationToken);
        return order is null ? Problems.NotFound("order", id) : TypedResults.Ok(OrderDetails.Of(order));
    }

    private static async Task<Results<Ok<OrderDetails>, ProblemHttpResult>> AsOf(
        Guid id, DateTimeOffset time, OrdersDb db, EventHistory history, CancellationToken cancellationToken)
    {
        if (await history.AsOf(new Order(id), time, cancellationToken) is { } order)
            return TypedResults.Ok(OrderDetails.Of(order));
        var placed = await db.Orders.AnyAsync(order => order.Id == id && order.PlacedAt <= time, cancellationToken);
        return placed && !await history.HasBeginningOf(id.ToString(), cancellationToken)
            ? Problems.Conflict(
                "order-history-archived", "The first events of the order are archived, so its state at that time is unknown. Omit asOf.")
            : Problems.NotFound("order", id);
    }
}

/// <summary>An order with all its details.</summary>
/// <param name="OrderId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">UUIDv7: ids of later orders are greater.</param>
/// <param name="CustomerId" example="customer-7">The customer, as the caller named it.</param>
/// <param name="Status" example="shipped">Its status, now or at the time of <c>asOf</c>.</param>
/// <param name="Lines">What was ordered.</param>
/// <param name="ShippingAddress">Where the goods go.</param>
/// <param name="PlacedAt">When it was accepted, UTC.</param>
/// <param name="ConfirmedAt">When the order was confirmed, UTC; null until then.</param>
/// <param name="Rejection">Which lines were short; null unless it was rejected.</param>
/// <param name="Cancellation">Null unless a cancellation was requested, in time or not.</param>
/// <param name="Shipment">Its shipment; null until the carrier has the goods.</param>
public sealed record OrderDetails(
    Guid OrderId,
    string CustomerId,
    OrderStatus Status,
    IReadOnlyList<OrderLine> Lines,
    ShippingAddress ShippingAddress,
    DateTimeOffset PlacedAt,
    DateTimeOffset? ConfirmedAt,
    Rejection? Rejection,
    Cancellation? Cancellation,
    Shipment? Shipment)
{
    internal static OrderDetails Of(Order order) => new(
        order.Id,
        order.CustomerId,
        order.Status,
        order.Lines,
        order.ShippingAddress,
        order.PlacedAt,
        order.ConfirmedAt,
        order.Rejection,
        order.Cancellation,
        order.Shipment);
}
