namespace OrderPlatform.EndToEnd.Tests;

/// <summary>The guarantees that the other tests rely on.</summary>
public sealed class HarnessTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task Activity_is_reported_until_it_has_ended()
    {
        var activity = new Activity(Platform);
        Assert.Empty(await activity.Find());
        var sku = await Shop.Stock(2);
        await Platform.SetCarrier(Platform.CarrierDelay, failureRate: 1);
        Inventory.DatabaseProxy.Freeze();

        var order = await Shop.Place(sku);
        Assert.Contains("Orders: 1 orders in flight", await activity.Find());
        Inventory.DatabaseProxy.Open();
        await Shop.Becomes(order, "confirmed");
        Assert.Contains("Inventory: 1 reservations in flight", await activity.Find());
        await Eventually.Is(async () => (await activity.Find()).Contains("Shipping: 1 shipments in flight"));

        await Platform.SetCarrier(Platform.CarrierDelay);
        await Eventually.Is(async () => (await activity.Find()).Count == 0, "the platform is quiet");
        Assert.Equal("shipped", await Shop.Status(order));
    }

    [LongFact]
    public async Task Waiting_messages_and_unpublished_events_are_reported()
    {
        var activity = new Activity(Platform);
        var sku = await Shop.Stock(1);
        await Inventory.Stop();
        var order = await Shop.Place(sku);
        await Eventually.Is(async () => (await activity.Find()).Contains("queue inventory: 1 messages"));

        Orders.BrokerProxy.Close();
        await Shop.Cancel(order);

        Assert.Contains(await activity.Find(), found => found.EndsWith("unpublished events", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_that_is_delivered_but_not_acknowledged_is_reported()
    {
        var activity = new Activity(Platform);
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");
        await Eventually.Is(async () => (await activity.Find()).Count == 0, "the platform is quiet");
        Orders.DatabaseProxy.Freeze();

        await Shop.Deliver((await Shop.Shipment(order))!.Value.GetProperty("shipmentId").GetGuid());

        await Eventually.Is(async () => (await activity.Find()).Contains("Orders: 1 unreceived events"));
        Orders.DatabaseProxy.Open();
        await Eventually.Is(async () => (await activity.Find()).Count == 0, "the platform is quiet");
    }

    [Fact]
    public async Task A_PostgreSQL_restart_leaves_no_dead_connections_in_the_tests()
    {
        Assert.Equal(1, await Orders.Database.Scalar<int>("SELECT 1"));
        var other = await CreatePlatform();

        await other.RestartDatabase();

        Assert.Equal(1, await Orders.Database.Scalar<int>("SELECT 1"));
    }
}
