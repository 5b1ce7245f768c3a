using System.Linq.Expressions;
using OrderPlatform.Contracts;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Features;

/// <summary>A shipment as callers see it.</summary>
/// <param name="ShipmentId" example="0199f3c2-a1b4-7c3e-8d5f-6a7b8c9d0e1f">UUIDv7; also the idempotency key at the carrier.</param>
/// <param name="OrderId" example="0199f3c2-9d10-7a52-b6c4-3f1e2d0c9b8a">Its order, which has no other shipment.</param>
/// <param name="Status" example="dispatched">Only a <c>pending</c> shipment can still be cancelled.</param>
/// <param name="Lines">The goods in it.</param>
/// <param name="ShippingAddress">Where it goes.</param>
/// <param name="TrackingNumber" example="SIM0199F3C2A1B47C3E8D5F6A7B8C9D0E1F">The carrier's number; null until it has the goods.</param>
/// <param name="Attempts" example="1">How many times the carrier was called for it.</param>
/// <param name="NextAttemptAt">The latest time at which the carrier is called again, UTC; null when no call is needed.</param>
public sealed record ShipmentResponse(
    Guid ShipmentId,
    Guid OrderId,
    ShipmentStatus Status,
    IReadOnlyList<OrderLine> Lines,
    ShippingAddress ShippingAddress,
    string? TrackingNumber,
    int Attempts,
    DateTimeOffset? NextAttemptAt)
{
    internal static readonly Expression<Func<Shipment, ShipmentResponse>> Of = shipment => new ShipmentResponse(
        shipment.Id,
        shipment.OrderId,
        shipment.Status,
        shipment.Lines,
        shipment.ShippingAddress,
        shipment.TrackingNumber,
        shipment.Attempts,
        shipment.NextAttemptAt);

    internal static readonly Func<Shipment, ShipmentResponse> From = Of.Compile();
}
