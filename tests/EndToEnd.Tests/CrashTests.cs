using Npgsql;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Processes that end without a word (SIGKILL).</summary>
public sealed class CrashTests(Platform platform) : PlatformTest(platform)
{
    private const string Duplicates = "inbox_duplicates";

    [Fact]
    public async Task A_relay_killed_between_publish_and_cursor_publishes_again_and_takes_effect_once()
    {
        var sku = await Shop.Stock(10);
        Guid published;
        Guid[] unpublished;
        await using (var connection = await Orders.Database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using (var hold = new NpgsqlCommand("SELECT position FROM messaging.relay_cursor FOR UPDATE", connection))
                await hold.ExecuteNonQueryAsync();
            published = await Shop.Place(sku);
            await Eventually.Is(() => Knows(Inventory, published), description: "the order is published");
            unpublished = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Shop.Place(sku)));

            Orders.Kill();

            // PostgreSQL does not notice while a statement waits for the lock: once released, the dead relay's update would still be done.
            await Eventually.Is(async () => await Orders.Database.Scalar<long>(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'orders relay'
                """) == 0);
        }

        Assert.True(await Orders.Database.Scalar<bool>(
            $"""
             SELECT (SELECT position FROM messaging.relay_cursor)
                  < (SELECT min(position) FROM messaging.event_log WHERE stream = '{published}')
             """));
        var duplicates = await Inventory.Instances[0].Metric(Duplicates);
        await (await Orders.Start()).Ready();

        await Eventually.Is(
            async () => await Inventory.Instances[0].Metric(Duplicates) > duplicates, description: "the order is published again");
        var ends = await Shop.Balance(sku, [published, .. unpublished]);
        Assert.Equal(4, ends["Shipped"]);
    }

    [Fact]
    public async Task A_consumer_killed_between_commit_and_ack_gets_the_event_again_and_drops_it()
    {
        var sku = await Shop.Stock(10);
        Inventory.BrokerProxy.Freeze();
        var order = await Shop.Place(sku, 4);
        await Eventually.Is(() => Knows(Inventory, order), description: "the reservation is committed");

        Inventory.Kill();
        Inventory.BrokerProxy.Cut();
        Inventory.BrokerProxy.Open();
        var restarted = await (await Inventory.Start()).Ready();

        await Eventually.Is(async () => await restarted.Metric(Duplicates) == 1, description: "the order is delivered again");
        await Shop.Balance(sku, [order]);
        Assert.Equal((6, 0), await Shop.StockOf(sku));
    }

    [Fact]
    public async Task Consumers_killed_at_random_moments_under_load_lose_and_double_nothing()
    {
        const int Kills = 4, OrdersPerKill = 70;
        var sku = await Shop.Stock(100_000);
        await (await Inventory.Start()).Ready();
        await using var load = Shop.Load(sku);

        for (var kill = 1; kill <= Kills; kill++)
        {
            await load.Reaches(kill * OrdersPerKill);
            await Task.Delay(Random.Shared.Next(100));
            var running = Inventory.Instances.Where(instance => instance.Runs).ToArray();
            running[Random.Shared.Next(running.Length)].Kill();
            await Inventory.Start();
        }

        var ends = await Shop.Balance(sku, await load.Stop(), TimeSpan.FromSeconds(60));
        Assert.Equal(["Shipped"], ends.Keys);
    }

    [Fact]
    public async Task Of_two_relays_one_publishes_and_the_other_takes_over_within_seconds_when_it_is_killed()
    {
        const int TakeOvers = 3;
        var sku = await Shop.Stock(100_000);
        await using var watch = await Watch.Start(Platform, "Orders:OrderPlaced");
        await (await Orders.Start()).Ready();
        await using var load = Shop.Load(sku);
        for (var takeOver = 0; takeOver < TakeOvers; takeOver++)
        {
            await load.Reaches((takeOver + 1) * 30);
            var active = Assert.Single(await ActiveRelays());
            active.Kill();
            await Eventually.Is(async () => (await ActiveRelays()).Count == 1, TimeSpan.FromSeconds(10), "the standby has taken over");
            await (await Orders.Start()).Ready();
        }

        var orders = await load.Stop();
        var ends = await Shop.Balance(sku, orders, TimeSpan.FromSeconds(60));
        Assert.Equal(["Shipped"], ends.Keys);

        // A relay begins at the cursor and so may repeat a run of events; two that publish side by side would repeat them all the time.
        var published = await watch.Take();
        Assert.Equal(orders.Order(), published.Select(e => e.Order).Distinct().Order());
        var seen = new HashSet<Guid>();
        var repeated = published.Select(e => !seen.Add(e.EventId)).ToArray();
        Assert.InRange(repeated.Zip(repeated.Skip(1)).Count(pair => !pair.First && pair.Second), 0, TakeOvers);
    }

    private async Task<IReadOnlyList<ServiceProcess>> ActiveRelays()
    {
        var active = new List<ServiceProcess>();
        foreach (var instance in Orders.Instances.Where(instance => instance.Runs))
        {
            if (await instance.RelayIsActive())
                active.Add(instance);
        }

        return active;
    }

    private static async Task<bool> Knows(Service service, Guid order) =>
        await service.Database.Scalar<long>($"SELECT count(*) FROM messaging.event_log WHERE stream = '{order}'") > 0;
}
