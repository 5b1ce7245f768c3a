using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.ServiceDefaults.Errors;
using OrderPlatform.Shipping.Storage;

namespace OrderPlatform.Shipping.Features;

public static class GetShipment
{
    /// <summary>Shows a shipment.</summary>
    /// <param name="id" example="0199f3c2-a1b4-7c3e-8d5f-6a7b8c9d0e1f">The id of the shipment, not of its order.</param>
    /// <response code="200">The shipment.</response>
    /// <response code="404"><c>shipment-not-found</c>: there is no such shipment.</response>
    public static async Task<Results<Ok<ShipmentResponse>, ProblemHttpResult>> Handle(
        Guid id, ShippingDb db, CancellationToken cancellationToken)
    {
        var shipment = await db.Shipments
            .Where(shipment => shipment.Id == id)
            .Select(ShipmentResponse.Of)
            .SingleOrDefaultAsync(cancellationToken);
        return shipment is null ? Problems.NotFound("shipment", id) : TypedResults.Ok(shipment);
    }
}
