namespace OrderPlatform.Contracts.Shipping;

/// <summary>The goods of an order were handed to the carrier.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="ShipmentId">The one shipment of the order.</param>
/// <param name="Lines">What left the warehouse.</param>
/// <param name="TrackingNumber">The carrier's number.</param>
/// <param name="DispatchedAt">When the carrier took the goods, UTC.</param>
public sealed record ShipmentDispatched(
    Guid OrderId, Guid ShipmentId, IReadOnlyList<OrderLine> Lines, string TrackingNumber, DateTimeOffset DispatchedAt);

/// <summary>The recipient has the goods.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="ShipmentId">The one shipment of the order.</param>
/// <param name="DeliveredAt">When they were delivered, UTC.</param>
public sealed record ShipmentDelivered(Guid OrderId, Guid ShipmentId, DateTimeOffset DeliveredAt);

/// <summary>A shipment was cancelled before the carrier took it.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="ShipmentId">The one shipment of the order.</param>
/// <param name="Reason">The customer's words.</param>
/// <param name="CancelledAt">When it was cancelled, UTC.</param>
public sealed record ShipmentCancelled(Guid OrderId, Guid ShipmentId, string Reason, DateTimeOffset CancelledAt);
