using OrderPlatform.Contracts.Inventory;

// Part of an order's history, but of no interest to other services: the log keeps these events, the relay does not publish them.
namespace OrderPlatform.Orders.Domain;

/// <summary>Stock was short: the order is rejected.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="Shortages">The lines that were short, as reported by Inventory, at least one.</param>
/// <param name="RejectedAt">When the order was rejected, UTC.</param>
public sealed record OrderRejected(Guid OrderId, IReadOnlyList<StockShortage> Shortages, DateTimeOffset RejectedAt);

/// <summary>The goods are with the carrier; a cancellation that was still open came too late.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="ShipmentId">Its id in the Shipping service.</param>
/// <param name="TrackingNumber">The carrier's number.</param>
/// <param name="DispatchedAt">When the carrier took the goods, UTC, as reported by Shipping.</param>
public sealed record OrderShipped(Guid OrderId, Guid ShipmentId, string TrackingNumber, DateTimeOffset DispatchedAt);

/// <summary>The recipient has the goods.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="DeliveredAt">When they were delivered, UTC, as reported by Shipping.</param>
public sealed record OrderDelivered(Guid OrderId, DateTimeOffset DeliveredAt);
