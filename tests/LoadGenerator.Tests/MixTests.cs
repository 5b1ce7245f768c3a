namespace OrderPlatform.LoadGenerator.Tests;

public sealed class MixTests
{
    private const int Orders = 10_000;

    [Fact]
    public void Keeps_the_shares_of_scarce_and_of_cancelled_orders()
    {
        var orders = Plan("--scarce-share", "0.2", "--cancelled-share", "0.1");

        Assert.InRange(orders.Count(order => order.IsScarce), 0.18 * Orders, 0.22 * Orders);
        Assert.InRange(orders.Count(order => order.CancelAfter is not null), 0.08 * Orders, 0.12 * Orders);
        Assert.Contains(orders, order => order is { IsScarce: true, CancelAfter: not null });
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", Orders)]
    public void Shares_can_be_zero_and_one(string share, int count)
    {
        var orders = Plan("--scarce-share", share, "--cancelled-share", share);

        Assert.Equal(count, orders.Count(order => order.IsScarce));
        Assert.Equal(count, orders.Count(order => order.CancelAfter is not null));
    }

    [Fact]
    public void Orders_are_as_the_API_takes_them_and_as_large_as_the_warehouse_expects()
    {
        var orders = Plan("--scarce-share", "0.2");

        Assert.All(orders, order => Assert.Distinct(order.Lines.Select(line => line.Sku)));
        Assert.All(
            orders.Where(order => order.IsScarce),
            order => Assert.All(order.Lines, line => Assert.Contains(line.Sku, Mix.ScarceSkus)));
        Assert.Equal(
            Mix.OrdinarySkus,
            orders.Where(order => !order.IsScarce).SelectMany(order => order.Lines).Select(line => line.Sku).Distinct().Order());
        Assert.Equal(Mix.ScarceSkus, orders.Where(order => order.IsScarce).Select(order => order.Lines[0].Sku).Distinct().Order());
        var units = orders.Where(order => !order.IsScarce).Average(order => order.Lines.Sum(line => line.Quantity));
        Assert.Equal(Mix.UnitsPerOrder, units, tolerance: 0.2);
    }

    private static PlannedOrder[] Plan(params string[] arguments)
    {
        var mix = new Mix(Options.Parse(arguments, _ => null), new Random(7));
        return [.. Enumerable.Range(0, Orders).Select(_ => mix.Next())];
    }
}
