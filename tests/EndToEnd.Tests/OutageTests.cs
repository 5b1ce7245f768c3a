namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Outages of the broker and of the database.</summary>
public sealed class OutageTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public Task A_broker_restart_under_load_loses_and_duplicates_nothing() => RestartBrokerUnderLoad(Platform);

    [Fact]
    public Task A_database_restart_under_load_loses_and_duplicates_nothing() => RestartDatabaseUnderLoad(Platform);

    [LongFact]
    public async Task Restarts_under_load_lose_and_duplicate_nothing_without_MassTransit()
    {
        var platform = await CreatePlatform(_ => [("Messaging__Transport", "RabbitMq")]);
        await platform.Repair();

        await RestartBrokerUnderLoad(platform);
        await RestartDatabaseUnderLoad(platform);
    }

    [Fact]
    public async Task Orders_are_accepted_while_the_broker_is_down_and_published_in_order_afterwards()
    {
        const int Count = 30;
        var sku = await Shop.Stock(Count);
        await using var watch = await Watch.Start(Platform, "Orders:OrderPlaced", "Orders:OrderCancelled");
        Orders.BrokerProxy.Close();

        var orders = new List<Guid>();
        for (var number = 0; number < Count; number++)
        {
            orders.Add(await Shop.Place(sku));
            if (number % 3 == 0)
                Assert.Equal("cancelled", (await Shop.Cancel(orders[^1])).Says);
        }

        Assert.Empty(await watch.Take());
        Orders.BrokerProxy.Open();

        var ends = await Shop.Balance(sku, orders);
        Assert.Equal((Count / 3, Count * 2 / 3), (ends["Cancelled"], ends["Shipped"]));
        var published = await watch.Take();
        Assert.Equal(orders, published.Where(e => e.Sequence == 1).Select(e => e.Order).Distinct());
        Assert.All(published.DistinctBy(e => e.EventId).GroupBy(e => e.Order), order =>
            Assert.Equal(Enumerable.Range(1, order.Count()), order.Select(e => e.Sequence)));
    }

    private static Task RestartBrokerUnderLoad(Platform platform) => RestartUnderLoad(platform, async load =>
    {
        // Everything in transit to a broker that goes down is lost. Holding it back for a while makes sure that events and
        // acknowledgements are in transit.
        foreach (var service in platform.Services)
            service.BrokerProxy.Freeze();
        await load.Reaches(load.Count + 20);
        await platform.RestartBroker();
        foreach (var service in platform.Services)
        {
            service.BrokerProxy.Cut();
            service.BrokerProxy.Open();
        }
    });

    private static Task RestartDatabaseUnderLoad(Platform platform) => RestartUnderLoad(platform, _ => platform.RestartDatabase());

    private static async Task RestartUnderLoad(Platform platform, Func<Load, Task> restart)
    {
        var shop = new Shop(platform);
        var sku = await shop.Stock(100_000);
        await using var load = shop.Load(sku);
        await load.Reaches(50);

        await restart(load);

        await load.Reaches(load.Count + 50);
        var ends = await shop.Balance(sku, await load.Stop());
        Assert.Equal(["Shipped"], ends.Keys);
    }
}
