using OrderPlatform.Contracts.Inventory;

namespace OrderPlatform.Orders.Domain;

/// <summary>Why an order was rejected.</summary>
/// <param name="Shortages">The lines that were short, at least one.</param>
/// <param name="RejectedAt">When the order was rejected, UTC.</param>
public sealed record Rejection(IReadOnlyList<StockShortage> Shortages, DateTimeOffset RejectedAt);

/// <summary>The customer's request to cancel, and its outcome.</summary>
/// <param name="Reason" example="Found it cheaper">The customer's words.</param>
/// <param name="RequestedAt">When the cancellation was requested, UTC.</param>
/// <param name="CancelledAt">
/// When the order was cancelled, UTC. Null until Shipping has answered; stays null if the goods had already left.
/// </param>
public sealed record Cancellation(string Reason, DateTimeOffset RequestedAt, DateTimeOffset? CancelledAt);

/// <summary>The one shipment of an order that has left the warehouse.</summary>
/// <param name="ShipmentId">Its id in the Shipping service.</param>
/// <param name="TrackingNumber" example="SIM-00042">The carrier's number.</param>
/// <param name="DispatchedAt">When the carrier took the goods, UTC.</param>
/// <param name="DeliveredAt">When they were delivered, UTC; null until then.</param>
public sealed record Shipment(Guid ShipmentId, string TrackingNumber, DateTimeOffset DispatchedAt, DateTimeOffset? DeliveredAt);
