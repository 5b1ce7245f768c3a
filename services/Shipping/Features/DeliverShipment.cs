using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging;
using OrderPlatform.ServiceDefaults.Errors;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Storage;

namespace OrderPlatform.Shipping.Features;

using Answer = Results<Ok<ShipmentResponse>, ProblemHttpResult>;

public static class DeliverShipment
{
    /// <summary>Tells that the recipient has the goods.</summary>
    /// <remarks>It can safely be sent again: a shipment is delivered once.</remarks>
    /// <param name="id" example="0199f3c2-a1b4-7c3e-8d5f-6a7b8c9d0e1f">The shipment's id.</param>
    /// <response code="200">The shipment is delivered, now or before.</response>
    /// <response code="404"><c>shipment-not-found</c>: there is no such shipment.</response>
    /// <response code="409">
    /// <c>shipment-pending</c>: the carrier has not taken it yet. <c>shipment-cancelled</c>: it never left.
    /// </response>
    public static async Task<Answer> Handle(
        Guid id, ShippingDb db, GroupCommit commits, TimeProvider clock, CancellationToken cancellation)
    {
        var orderId = await db.Shipments
            .Where(shipment => shipment.Id == id)
            .Select(shipment => (Guid?)shipment.OrderId)
            .SingleOrDefaultAsync(cancellation);
        if (orderId is null)
            return Problems.NotFound("shipment", id);

        return await commits.Run<Answer>(
            rows => rows.Add<Shipment>(orderId),
            unit =>
            {
                var shipment = unit.Get<Shipment>(orderId);
                if (Decide(shipment, clock.GetUtcNow()) is { } decision)
                {
                    if (decision.IsRefused(out var refusal, out var delivered))
                        return Problems.Conflict(refusal);

                    // A part of the order's own way, whoever tells of it.
                    using var activity = shipment.Cause?.Continue("deliver shipment");
                    unit.Append(shipment, delivered);
                }

                return TypedResults.Ok(ShipmentResponse.From(shipment));
            },
            cancellation);
    }

    /// <returns>Null when it is delivered already.</returns>
    public static Decision<ShipmentDelivered>? Decide(Shipment shipment, DateTimeOffset now) => shipment.Status switch
    {
        ShipmentStatus.Dispatched => new ShipmentDelivered(shipment.OrderId, shipment.Id, now),
        ShipmentStatus.Delivered => null,
        ShipmentStatus.Pending => new Refusal("shipment-pending", "The carrier has not taken the shipment yet."),
        _ => new Refusal("shipment-cancelled", "The shipment was cancelled; it never left."),
    };
}
