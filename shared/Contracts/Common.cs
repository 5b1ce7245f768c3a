namespace OrderPlatform.Contracts;

/// <summary>One line of an order: a quantity of one SKU.</summary>
/// <param name="Sku">The stock keeping unit: 1 to 64 characters of <c>A-Z a-z 0-9 . _ -</c>.</param>
/// <param name="Quantity">Whole units, 1 to 1,000,000.</param>
public sealed record OrderLine(string Sku, int Quantity);

/// <summary>Where a shipment goes.</summary>
/// <param name="Recipient">The person or company that receives it.</param>
/// <param name="Street">Street and house number.</param>
/// <param name="City">City or town.</param>
/// <param name="PostalCode">As the country writes it; no format is assumed.</param>
/// <param name="Country">ISO 3166-1 alpha-2, upper case, such as <c>DE</c>.</param>
public sealed record ShippingAddress(string Recipient, string Street, string City, string PostalCode, string Country);
