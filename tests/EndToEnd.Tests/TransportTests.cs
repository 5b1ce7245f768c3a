namespace OrderPlatform.EndToEnd.Tests;

public sealed class TransportTests(Platform platform) : PlatformTest(platform)
{
    private const string Handled = "messaging_handled";

    [Fact]
    public async Task A_service_with_another_transport_works_with_the_others_and_beside_an_instance_of_its_own()
    {
        var before = Assert.Single(Inventory.Instances);
        var after = await (await Inventory.Start(("Messaging__Transport", "RabbitMq"))).Ready();
        var sku = await Shop.Stock(100_000);
        await using var load = Shop.Load(sku);

        // Both instances consume the same queue, and one relay stands by for the other.
        var handled = await before.Metric(Handled);
        await Eventually.Is(
            async () => await before.Metric(Handled) > handled && await after.Metric(Handled) > 0, "both instances handle events");
        await before.Stop();
        await load.Reaches(load.Count + 10);

        await Eventually.Is(async () => !await UsesMassTransit(Inventory), "Inventory no longer uses MassTransit");
        Assert.True(await UsesMassTransit(Orders));
        var ends = await Shop.Balance(sku, await load.Stop());
        Assert.Equal(["Shipped"], ends.Keys);

        // The next test finds the default.
        await Inventory.Stop();
    }

    [LongFact]
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
            await Eventually.Is(async () => !await UsesMassTransit(service), $"{service.Name} no longer uses MassTransit");
        }

        await load.Reaches(load.Count + 10);
        var ends = await Shop.Balance(sku, await load.Stop());
        Assert.Equal(["Shipped"], ends.Keys);

        // The next test finds the default.
        await Task.WhenAll(Platform.Services.Select(service => service.Stop()));
    }

    /// <summary>Whether a connection of the service has told the broker that it is MassTransit's.</summary>
    private async Task<bool> UsesMassTransit(Service service)
    {
        var user = service.Broker.UserInfo.Split(':')[0];
        return (await Platform.Broker.Ask("vhosts/{vhost}/connections"))!.Value.EnumerateArray().Any(connection =>
            connection.TryGetProperty("user", out var owner) && owner.GetString() == user
            && connection.TryGetProperty("client_properties", out var properties)
            && properties.TryGetProperty("client_api", out var client)
            && client.GetString() == "MassTransit");
    }
}
