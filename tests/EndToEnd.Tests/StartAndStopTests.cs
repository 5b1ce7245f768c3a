namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Services that start before their dependencies or concurrently, and services that are stopped.</summary>
public sealed class StartAndStopTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task Services_start_in_any_order_and_say_what_they_wait_for()
    {
        var fresh = await CreatePlatform();
        foreach (var service in fresh.Services)
        {
            service.DatabaseProxy.Close();
            service.BrokerProxy.Close();
        }

        var shipping = await fresh.Shipping.Start();
        var orders = await fresh.Orders.Start();
        await Eventually.Is(async () => await Says(orders, "database", "waiting for the database:"));
        await Eventually.Is(async () => await Says(shipping, "database", "waiting for the database:"));

        fresh.Orders.DatabaseProxy.Open();
        await Eventually.Is(async () => await Says(orders, "database", "migrations applied"));
        await Eventually.Is(async () => await Says(orders, "relay", "broker"));
        Assert.Equal(503, (await orders.Health()).Status);

        // Everything is available except Inventory: the order waits for it and is not lost.
        foreach (var service in fresh.Services)
        {
            service.DatabaseProxy.Open();
            service.BrokerProxy.Open();
        }

        await orders.Ready();
        await shipping.Ready();
        var shop = new Shop(fresh);
        var order = await shop.Place("cable");
        await (await fresh.Inventory.Start()).Ready();
        await shop.Becomes(order, "rejected");
    }

    [Fact]
    public async Task Several_instances_that_start_together_apply_the_migrations_once()
    {
        var fresh = await CreatePlatform();

        var instances = await Task.WhenAll(fresh.Orders.Start(), fresh.Orders.Start(), fresh.Orders.Start());
        await Task.WhenAll(instances.Select(instance => instance.Ready()));

        Assert.Single(instances, instance => instance.Log.Text.Contains("Applied 1 migrations", StringComparison.Ordinal));
        Assert.Equal(1, await fresh.Orders.Database.Scalar<long>("""SELECT count(*) FROM "__EFMigrationsHistory" """));
    }

    [LongFact]
    public async Task A_service_stopped_under_load_finishes_or_returns_its_messages()
    {
        await Platform.SetCarrier(TimeSpan.FromMilliseconds(300));
        var sku = await Shop.Stock(100_000);
        await using var load = Shop.Load(sku);

        foreach (var service in Platform.Services)
        {
            await load.Reaches(load.Count + 25);
            Assert.All(await service.Stop(), exitCode => Assert.Equal(0, exitCode));
            await (await service.Start()).Ready();
        }

        var ends = await Shop.Balance(sku, await load.Stop());
        Assert.Equal(["Shipped"], ends.Keys);
    }

    private static async Task<bool> Says(ServiceProcess service, string check, string words) =>
        (await service.Health()).Checks[check].Contains(words, StringComparison.OrdinalIgnoreCase);
}
