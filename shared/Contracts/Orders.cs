namespace OrderPlatform.Contracts.Orders;

/// <summary>An order was accepted; its stock is not reserved yet.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="CustomerId">The customer: 1 to 64 characters, as the caller gave it.</param>
/// <param name="Lines">1 to 100; each SKU once.</param>
/// <param name="ShippingAddress">Where the goods go.</param>
/// <param name="PlacedAt">When the order was accepted, UTC.</param>
public sealed record OrderPlaced(
    Guid OrderId, string CustomerId, IReadOnlyList<OrderLine> Lines, ShippingAddress ShippingAddress, DateTimeOffset PlacedAt);

/// <summary>The stock of an order is reserved and the order may be shipped.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="Lines">What to ship: the lines of the order.</param>
/// <param name="ShippingAddress">Where the goods go.</param>
/// <param name="ConfirmedAt">When the order was confirmed, UTC.</param>
public sealed record OrderConfirmed(
    Guid OrderId, IReadOnlyList<OrderLine> Lines, ShippingAddress ShippingAddress, DateTimeOffset ConfirmedAt);

/// <summary>The customer wants to cancel a confirmed order; Shipping decides, depending on whether the goods have left.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="Reason">The customer's words.</param>
/// <param name="RequestedAt">When the cancellation was requested, UTC.</param>
public sealed record OrderCancellationRequested(Guid OrderId, string Reason, DateTimeOffset RequestedAt);

/// <summary>The order is cancelled for good; nothing was shipped for it, and nothing will be.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="Lines">The lines whose reservation must be released.</param>
/// <param name="Reason">The customer's words.</param>
/// <param name="CancelledAt">When it was cancelled, UTC.</param>
public sealed record OrderCancelled(Guid OrderId, IReadOnlyList<OrderLine> Lines, string Reason, DateTimeOffset CancelledAt);
