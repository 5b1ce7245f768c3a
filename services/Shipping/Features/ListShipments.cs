using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Storage;

namespace OrderPlatform.Shipping.Features;

public static class ListShipments
{
    /// <summary>Lists shipments, newest first.</summary>
    /// <remarks>
    /// An order has one shipment once it is confirmed, and none before. For the next page, pass <c>next</c> as <c>after</c>. Shipments that
    /// are created in the meantime do not shift the pages.
    /// </remarks>
    /// <param name="orderId" example="0199f3c2-9d10-7a52-b6c4-3f1e2d0c9b8a">Only the shipment of this order.</param>
    /// <param name="limit" example="50">The maximum number of shipments on a page, 1 to 200.</param>
    /// <param name="after">Only shipments that come after this one, the last of the previous page.</param>
    /// <response code="200">A page of shipments; empty when there are none.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Ok<ShipmentPage>> Handle(
        ShippingDb db, CancellationToken cancellationToken, Guid? orderId = null, [Range(1, 200)] int limit = 50, Guid? after = null)
    {
        IQueryable<Shipment> shipments = db.Shipments;
        if (orderId is not null)
            shipments = shipments.Where(shipment => shipment.OrderId == orderId);
        if (after is { } last)
            shipments = shipments.Where(shipment => shipment.Id < last);

        // Ids are UUIDv7, so they sort by the time of creation.
        var items = await shipments
            .OrderByDescending(shipment => shipment.Id)
            .Take(limit + 1)
            .Select(ShipmentResponse.Of)
            .ToListAsync(cancellationToken);
        var page = items.Count > limit ? new ShipmentPage(items[..limit], items[limit - 1].ShipmentId) : new ShipmentPage(items, null);
        return TypedResults.Ok(page);
    }
}

/// <summary>A page of shipments, newest first.</summary>
/// <param name="Items">At most as many as the limit allows.</param>
/// <param name="Next">Pass it as <c>after</c> for the next page; null on the last page.</param>
public sealed record ShipmentPage(IReadOnlyList<ShipmentResponse> Items, Guid? Next);
