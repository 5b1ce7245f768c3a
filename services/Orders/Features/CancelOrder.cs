using Microsoft.AspNetCore.Http.HttpResults;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Orders.Features;

using Answer = Results<Accepted<OrderState>, ProblemHttpResult>;

public static class CancelOrder
{
    /// <summary>Requests the cancellation of an order.</summary>
    /// <remarks>
    /// A placed order is cancelled at once. For a confirmed order, Shipping decides, because only it knows whether the goods have left: the
    /// order is <c>cancelling</c> until it answers, then <c>cancelled</c> or <c>shipped</c>.
    /// </remarks>
    /// <response code="202">The order is cancelled, or Shipping will decide; <c>status</c> says which.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="404"><c>order-not-found</c></response>
    /// <response code="409">
    /// There is nothing left to cancel: <c>order-cancelling</c>, <c>order-cancelled</c>, <c>order-rejected</c>,
    /// <c>order-shipped</c> or <c>order-delivered</c>.
    /// </response>
    public static Task<Answer> Handle(
        Guid id, CancelOrderRequest request, TransactionBatcher batcher, TimeProvider clock, CancellationToken cancellationToken) =>
        batcher.Run<Answer>(
            rows => rows.Add<Order>(id),
            unit =>
            {
                if (unit.Find<Order>(id) is not { } order)
                    return Problems.NotFound("order", id);
                var decision = Decide(order, request.Reason, clock.GetUtcNow());
                if (decision.Refusal is { } refusal)
                    return Problems.Conflict(refusal.Code, refusal.Detail);
                unit.Append(order, decision);
                return TypedResults.Accepted($"/orders/{id}", new OrderState(id, order.Status));
            },
            cancellationToken);

    public static Decision<object> Decide(Order order, string reason, DateTimeOffset now) => order.Status switch
    {
        OrderStatus.Placed => new OrderCancelled(order.Id, order.Lines, reason, now),
        OrderStatus.Confirmed => new OrderCancellationRequested(order.Id, reason, now),
        OrderStatus.Cancelling => new Refusal("order-cancelling", "The cancellation was already requested; Shipping has not answered yet."),
        OrderStatus.Cancelled => new Refusal("order-cancelled", "The order is already cancelled."),
        OrderStatus.Rejected => new Refusal("order-rejected", "The order was rejected because stock was short; nothing will be shipped."),
        OrderStatus.Shipped => new Refusal("order-shipped", "A shipped order can be returned, not cancelled."),
        OrderStatus.Delivered => new Refusal("order-delivered", "A delivered order can be returned, not cancelled."),
        _ => throw new ArgumentOutOfRangeException(nameof(order), order.Status, "Unknown status."),
    };
}

/// <summary>Why the customer wants to cancel an order.</summary>
/// <param name="Reason" example="Found it cheaper">The customer's words, up to 500 characters.</param>
public sealed record CancelOrderRequest([property: PlainText(500)] string Reason);
