using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.ServiceDefaults.Errors;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Storage;

namespace OrderPlatform.Shipping.Features;

using Answer = Results<Ok<ShipmentResponse>, ProblemHttpResult>;

public static class DeliverShipment
{
    /// <summary>Reports that the recipient has the goods.</summary>
    /// <remarks>The request can safely be repeated: a shipment is delivered once.</remarks>
    /// <param name="id" example="0199f3c2-a1b4-7c3e-8d5f-6a7b8c9d0e1f">The id of the shipment, not of its order.</param>
    /// <response code="200">The shipment is delivered, now or by an earlier request.</response>
    /// <response code="404"><c>shipment-not-found</c>: there is no such shipment.</response>
    /// <response code="409">
    /// <c>shipment-pending</c>: the carrier has not taken it yet. <c>shipment-cancelled</c>: it never left.
    /// </response>
    public static async Task<Answer> Handle(
        Guid id, ShippingDb db, TransactionBatcher batcher, TimeProvider clock, CancellationToken cancellationToken)
    {
        var orderId = await db.Shipments
            .Where(shipment => shipment.Id == id)
            .Select(shipment => (Guid?)shipment.OrderId)
            .SingleOrDefaultAsync(cancellationToken);
        if (orderId is null)
            return Problems.NotFound("shipment", id);

        return await batcher.Run<Answer>(
            rows => rows.Add<Shipment>(orderId),
            unit =>
            {
                var shipment = unit.Get<Shipment>(orderId);
                var decision = Decide(shipment, clock.GetUtcNow());
                if (decision.Refusal is { } refusal)
                    return Problems.Conflict(refusal.Code, refusal.Detail);

                // Part of the order's trace, whichever client reports it.
                using var activity = decision.Happened is null ? null : shipment.Cause?.Continue("deliver shipment");
                unit.Append(shipment, decision);
                return TypedResults.Ok(ShipmentResponse.From(shipment));
            },
            cancellationToken);
    }

    public static Decision<ShipmentDelivered> Decide(Shipment shipment, DateTimeOffset now) => shipment.Status switch
    {
        ShipmentStatus.Dispatched => new ShipmentDelivered(shipment.OrderId, shipment.Id, now),
        ShipmentStatus.Delivered => Decision.Nothing,
        ShipmentStatus.Pending => new Refusal("shipment-pending", "The carrier has not taken the shipment yet."),
        _ => new Refusal("shipment-cancelled", "The shipment was cancelled; it never left."),
    };
}
