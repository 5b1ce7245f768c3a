using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Testing;

namespace OrderPlatform.Inventory.Tests.Metrics;

public sealed class MetricsTests : IAsyncLifetime
{
    private static readonly string[] Outcomes = ["reserved", "rejected", "released", "shipped"];

    private readonly InventoryService inventory = new() { Settings = { ["Messaging:SampleInterval"] = "00:00:00.250" } };

    public ValueTask InitializeAsync() => inventory.InitializeAsync();

    public ValueTask DisposeAsync() => inventory.DisposeAsync();

    [Fact]
    public async Task Every_outcome_of_a_reservation_is_counted_once()
    {
        var sku = await inventory.Stock(10);
        var (shipped, cancelled, rejected) = (Placed(sku, 5), Placed(sku, 5), Placed(sku, 1));
        var before = await Scrape.Of(inventory.Services);
        Assert.All(Outcomes, outcome => Assert.Equal(0, Counted(before, outcome)));

        foreach (var placed in new[] { shipped, cancelled, rejected })
            await inventory.Deliver(placed);
        for (var i = 0; i < 2; i++)
        {
            await inventory.Deliver(shipped.Dispatched());
            await inventory.Deliver(cancelled.Cancelled());
        }

        var scrape = await Scrape.Of(inventory.Services);
        Assert.Equal([2, 1, 1, 1], Outcomes.Select(outcome => Counted(scrape, outcome)));
    }

    [Fact]
    public async Task A_SKU_that_runs_out_is_counted_until_it_is_restocked()
    {
        await Scrape.Becomes(inventory.Services, "inventory_skus", 0);
        var scarce = await inventory.Stock(2);
        await inventory.Stock(100);
        await Scrape.Becomes(inventory.Services, "inventory_skus", 2);
        await Scrape.Becomes(inventory.Services, "inventory_skus_out_of_stock", 0);

        await inventory.Deliver(Placed(scarce, 2));
        await Scrape.Becomes(inventory.Services, "inventory_skus_out_of_stock", 1);

        await inventory.Stock(1, scarce);
        await Scrape.Becomes(inventory.Services, "inventory_skus_out_of_stock", 0);
    }

    private static OrderPlaced Placed(string sku, int quantity) => Given.Placed(Guid.CreateVersion7(), new OrderLine(sku, quantity));

    private static double? Counted(Scrape scrape, string outcome) => scrape[$$"""inventory_reservations_total{outcome="{{outcome}}"}"""];
}
