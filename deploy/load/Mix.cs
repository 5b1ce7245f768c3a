namespace OrderPlatform.LoadGenerator;

/// <summary>The mix of orders: for ordinary goods, for scarce ones, and some that are cancelled.</summary>
internal sealed class Mix(Options options, Random random)
{
    /// <summary>The average over all orders.</summary>
    public const double UnitsPerOrder = 4;

    private const int Customers = 1000;
    private const int MostLines = 3;
    private const int MostUnits = 3;

    /// <summary>Some cancel before the stock is reserved, some before the carrier has the goods, and some too late.</summary>
    private static readonly TimeSpan LongestRegret = TimeSpan.FromMilliseconds(500);

    /// <summary>Goods that are always in stock.</summary>
    public static IReadOnlyList<string> OrdinarySkus { get; } = [.. Enumerable.Range(1, 20).Select(number => $"load-{number:D2}")];

    /// <summary>Goods that are always short.</summary>
    public static IReadOnlyList<string> ScarceSkus { get; } = [.. Enumerable.Range(1, 5).Select(number => $"load-scarce-{number}")];

    public PlannedOrder Next()
    {
        var lines = new List<OrderLine>();
        var isScarce = random.NextDouble() < options.ScarceShare;
        if (isScarce)
            lines.Add(new OrderLine(OneOf(ScarceSkus), 1));
        else
            AddOrdinary(lines);
        var isRegretted = random.NextDouble() < options.CancelledShare;
        return new PlannedOrder(
            $"load-customer-{random.Next(Customers)}", lines, isScarce, isRegretted ? LongestRegret * random.NextDouble() : null);
    }

    /// <summary>One to three lines, each SKU once.</summary>
    private void AddOrdinary(List<OrderLine> lines)
    {
        var first = random.Next(OrdinarySkus.Count);
        var count = 1 + random.Next(MostLines);
        for (var i = 0; i < count; i++)
            lines.Add(new OrderLine(OrdinarySkus[(first + i) % OrdinarySkus.Count], 1 + random.Next(MostUnits)));
    }

    private string OneOf(IReadOnlyList<string> skus) => skus[random.Next(skus.Count)];
}

/// <summary>An order to place.</summary>
/// <param name="CustomerId">One of many.</param>
/// <param name="Lines">One or more; each SKU once.</param>
/// <param name="IsScarce">Whether it may be rejected.</param>
/// <param name="CancelAfter">How long after its acceptance it is cancelled; null if it is not.</param>
internal sealed record PlannedOrder(string CustomerId, IReadOnlyList<OrderLine> Lines, bool IsScarce, TimeSpan? CancelAfter);

/// <summary>A quantity of one SKU, as the API takes it.</summary>
internal sealed record OrderLine(string Sku, int Quantity);
