using System.Text;

namespace OrderPlatform.Benchmarks.Load;

/// <summary>The orders of a benchmark, each determined by its run and number alone, so that the data can be checked against them.</summary>
internal static class Orders
{
    public const int Skus = 1000;

    private const string Address =
        """{"recipient":"Ada Lovelace","street":"12 St James's Square","city":"London","postalCode":"SW1Y 4JH","country":"GB"}""";

    public static string Customer(string run, int number) => $"{run}-{number:D8}";

    public static string Sku(int sku) => $"sku-{sku:D4}";

    /// <summary>Two lines, of two SKUs.</summary>
    public static ((int Sku, int Quantity) First, (int Sku, int Quantity) Second) Lines(int number)
    {
        // Knuth's multiplicative hash spreads them evenly and the same way every time.
        var hash = (uint)number * 2654435761;
        var sku = (int)(hash % Skus);
        var other = (int)((sku + 1 + ((hash >> 7) % (Skus - 1))) % Skus);
        return ((sku, 1 + (int)(hash >> 20) % 5), (other, 1 + (int)(hash >> 25) % 5));
    }

    /// <summary>The whole HTTP request.</summary>
    public static byte[] Request(Uri url, string run, int number)
    {
        var ((sku, quantity), (otherSku, otherQuantity)) = Lines(number);
        var lines = $$$"""{"sku":"{{{Sku(sku)}}}","quantity":{{{quantity}}}}"""
            + $$$""",{"sku":"{{{Sku(otherSku)}}}","quantity":{{{otherQuantity}}}}""";
        var body = $$$"""{"customerId":"{{{Customer(run, number)}}}","lines":[{{{lines}}}],"shippingAddress":{{{Address}}}}""";
        return Encoding.ASCII.GetBytes(
            $"POST /orders HTTP/1.1\r\nHost: {url.Authority}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }
}
