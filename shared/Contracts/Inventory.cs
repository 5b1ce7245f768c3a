namespace OrderPlatform.Contracts.Inventory;

/// <summary>All lines of an order are reserved.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="ReservedAt">When the stock was reserved, UTC.</param>
public sealed record StockReserved(Guid OrderId, DateTimeOffset ReservedAt);

/// <summary>At least one line of an order is short; nothing is reserved for the order.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="Shortages">The lines that were short, at least one.</param>
/// <param name="RejectedAt">When the stock was rejected, UTC.</param>
public sealed record StockRejected(Guid OrderId, IReadOnlyList<StockShortage> Shortages, DateTimeOffset RejectedAt);

/// <summary>A line that could not be reserved.</summary>
/// <param name="Sku">The SKU that is short; possibly one that Inventory does not know.</param>
/// <param name="Requested">Units that were ordered.</param>
/// <param name="Available">Units that were available then; 0 for an unknown SKU.</param>
public sealed record StockShortage(string Sku, int Requested, int Available);

/// <summary>The stock reserved for a cancelled order is available again.</summary>
/// <param name="OrderId">The order; also its stream.</param>
/// <param name="ReleasedAt">When it was released, UTC.</param>
public sealed record StockReleased(Guid OrderId, DateTimeOffset ReleasedAt);

/// <summary>Goods arrived at the warehouse.</summary>
/// <param name="Sku">The SKU that arrived; the event's stream is <c>sku:</c> followed by it.</param>
/// <param name="Quantity">Units, 1 to 1,000,000.</param>
/// <param name="Reference">The delivery note; it counts once for each SKU.</param>
/// <param name="ReceivedAt">When the receipt was booked, UTC.</param>
public sealed record StockReceived(string Sku, int Quantity, string Reference, DateTimeOffset ReceivedAt);
