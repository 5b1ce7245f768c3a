using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Orders.Storage;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Orders.Features;

public static class GetOrderHistory
{
    /// <summary>Shows the events of an order, as far as they are still in the log.</summary>
    /// <remarks>Some time after an order is complete, its events are archived; the log then has only some of them, or none.</remarks>
    /// <response code="200">The events, oldest first.</response>
    /// <response code="404"><c>order-not-found</c></response>
    public static async Task<Results<Ok<OrderHistory>, ProblemHttpResult>> Handle(
        Guid id, OrdersDb db, EventHistory history, CancellationToken cancellationToken)
    {
        var events = await history.Of(id.ToString(), cancellationToken);
        if (events.Count == 0 && !await db.Orders.AnyAsync(order => order.Id == id, cancellationToken))
            return Problems.NotFound("order", id);
        return TypedResults.Ok(new OrderHistory(
            id, IsWhole: events is [{ Event.Sequence: 1 }, ..], [.. events.Select(logged => Shown(logged.Event))]));
    }

    private static HistoricEvent Shown(EventEnvelope e) =>
        new(e.Sequence, EventTypes.ShortNameOf(e.Type), e.OccurredAt, JsonElement.Parse(e.Body.Span));
}

/// <summary>The events of an order.</summary>
/// <param name="OrderId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">UUIDv7: ids of later orders are greater.</param>
/// <param name="IsWhole" example="true">Whether these are all of its events; false when the first ones are archived.</param>
/// <param name="Events">The events, oldest first.</param>
public sealed record OrderHistory(Guid OrderId, bool IsWhole, IReadOnlyList<HistoricEvent> Events);

/// <summary>One event of an order.</summary>
/// <param name="Sequence" example="1">Its place in the order's history, from 1, without gaps.</param>
/// <param name="Type" example="OrderPlaced">The name of its contract.</param>
/// <param name="OccurredAt">When it happened, UTC.</param>
/// <param name="Data">The event itself; its properties depend on its type.</param>
public sealed record HistoricEvent(int Sequence, string Type, DateTimeOffset OccurredAt, JsonElement Data);
