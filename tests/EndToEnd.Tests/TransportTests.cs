namespace OrderPlatform.EndToEnd.Tests;

public sealed class TransportTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task Services_change_their_transport_one_after_the_other_under_load_and_no_order_is_lost()
    {
        var sku = await Shop.Stock(100_000);
        await using var load = Shop.Load(sku);

        foreach (var service in Platform.Services)
        {
            await load.Reaches(load.Count + 10);
            var before = Assert.Single(service.Instances);
            await (await service.Start(("Messaging__Transport", "RabbitMq"))).Ready();

            // Both consume the same queue, and one relay stands by for the other.
            await load.Reaches(load.Count + 10);
            await before.Stop();
        }

        await load.Reaches(load.Count + 10);
        var ends = await Shop.Balance(sku, await load.Stop());
        Assert.Equal(["Shipped"], ends.Keys);

        // The next test finds the default.
        await Task.WhenAll(Platform.Services.Select(service => service.Stop()));
    }
}
