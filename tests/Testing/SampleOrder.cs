using System.Net.Http.Json;

namespace OrderPlatform.Testing;

/// <summary>The body of a <c>POST /orders</c>.</summary>
public static class SampleOrder
{
    /// <param name="lines">The lines of the order.</param>
    public static JsonContent Of(params (string Sku, int Quantity)[] lines) => JsonContent.Create(new
    {
        customerId = "customer-7",
        lines = lines.Select(line => new { sku = line.Sku, quantity = line.Quantity }),
        shippingAddress = new
        {
            recipient = "Ada Lovelace",
            street = "12 St James's Square",
            city = "London",
            postalCode = "SW1Y 4JH",
            country = "GB",
        },
    });
}
