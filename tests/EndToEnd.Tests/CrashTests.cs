using System.IO.Compression;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>
/// Processes that end without warning (SIGKILL), and servers that abort their work. Tests that restart a server, need a platform of their
/// own, or kill many times run only with <c>tests/run --long</c>.
/// </summary>
public sealed class CrashTests(Platform platform) : PlatformTest(platform)
{
    private const string Duplicates = "inbox_duplicates";
    private const int OldEvents = 300;

    /// <summary>Seconds, because PostgreSQL notices at once that a killed relay is gone, and not the minutes of a TCP timeout.</summary>
    private static readonly TimeSpan PromisedTakeOver = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Events_published_again_after_a_relay_is_killed_take_effect_once()
    {
        var sku = await Shop.Stock(10);
        Guid published;
        Guid[] unpublished;
        await using (await Hold.Of(Orders, "SELECT position FROM messaging.relay_cursor FOR UPDATE"))
        {
            published = await Shop.Place(sku);
            await Eventually.Is(() => HasEvents(Inventory, published), description: "the order is published");
            unpublished = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Shop.Place(sku)));

            Orders.Kill();

            // PostgreSQL does not notice the kill while a statement waits for the lock: the dead relay's update would still run afterwards.
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
    public async Task A_consumer_killed_between_commit_and_ack_drops_the_redelivered_event()
    {
        var sku = await Shop.Stock(10);
        Inventory.BrokerProxy.Freeze();
        var order = await Shop.Place(sku, 4);
        await Eventually.Is(() => HasEvents(Inventory, order), description: "the reservation is committed");

        Inventory.Kill();
        Inventory.BrokerProxy.Cut();
        Inventory.BrokerProxy.Open();
        var restarted = await (await Inventory.Start()).Ready();

        await Eventually.Is(async () => await restarted.Metric(Duplicates) >= 1, "the order is delivered again");
        await Shop.Balance(sku, [order]);
        Assert.Equal((6, 0), await Shop.StockOf(sku));
    }

    /// <summary>The process or server that fails in the middle of an operation.</summary>
    public enum Victim
    {
        /// <summary>The service.</summary>
        Process,

        /// <summary>PostgreSQL, for all services.</summary>
        Database,

        /// <summary>RabbitMQ, for all services.</summary>
        Broker,
    }

    [Theory]
    [InlineData(Victim.Process)]
    [InlineData(Victim.Database, Explicit = true)]
    [InlineData(Victim.Broker, Explicit = true)]
    public async Task A_redrive_interrupted_between_publish_and_row_update_takes_effect_once(Victim victim)
    {
        var sku = await Shop.Stock(10);
        Guid order = default;
        await WhileOrdersFail(async () =>
        {
            order = await Shop.Place(sku, 4);
            await Eventually.Is(async () => await LettersOf(order) == "waiting 1");
        });
        var duplicates = victim is Victim.Process ? 0 : await Inventory.Instances[0].Metric(Duplicates);
        const string RowChange = "UPDATE ON messaging.dead_letters FOR EACH ROW WHEN (new.state = 'redriven')";
        await using (var hold = await Hold.Before(Inventory, RowChange))
        {
            await Redrive(order);
            await Eventually.Is(hold.IsWaitedFor, description: "the row is about to be changed");
            await Eventually.Is(() => HasEvents(Inventory, order), description: "the order is published, and its reservation committed");

            await Interrupt(victim, Inventory, Platform);
        }

        if (victim is Victim.Process)
            Assert.Equal("scheduled 1", await LettersOf(order));
        var inventory = await Running(Inventory);

        await Eventually.Is(async () => await LettersOf(order) == "resolved 1");
        // If the broker fails, it already has the message and the row can be updated, so nothing is published again.
        if (victim is not Victim.Broker)
            await Eventually.Is(async () => await inventory.Metric(Duplicates) > duplicates, "the order is published again");
        await Shop.Balance(sku, [order]);
        Assert.Equal((6, 0), await Shop.StockOf(sku));
        Assert.Equal(1, await Inventory.Database.Scalar<long>(
            $"SELECT count(*) FROM messaging.event_log WHERE stream = '{order}' AND type LIKE '%:StockReserved'"));
        Assert.Equal(1, await Inventory.Database.Scalar<long>(
            $"SELECT count(*) FROM messaging.inbox JOIN messaging.dead_letters USING (event_id) WHERE stream = '{order}'"));
    }

    [Theory]
    [InlineData(Victim.Process)]
    [InlineData(Victim.Database, Explicit = true)]
    [InlineData(Victim.Broker, Explicit = true)]
    public async Task A_dead_letter_is_filed_once_despite_an_interruption_between_commit_and_ack(Victim victim)
    {
        var sku = await Shop.Stock(10);
        Guid order = default;
        await WhileOrdersFail(async () =>
        {
            await using var hold = await Hold.Before(Inventory, "INSERT ON messaging.dead_letters FOR EACH ROW");
            order = await Shop.Place(sku, 4);
            try
            {
                await Eventually.Is(hold.IsWaitedFor, "the row is about to be written");
                Inventory.Instances.Single(instance => instance.Runs).Pause();
                await hold.End();
                await Eventually.Is(async () => await LettersOf(order) == "waiting 1", description: "the row is committed");
                await Interrupt(victim, Inventory, Platform);
            }
            finally
            {
                if (victim is Victim.Process)
                    Inventory.Kill();
                else
                    Inventory.Instances.Single(instance => instance.Runs).Resume();
            }
        });

        if (victim is Victim.Process)
            await Eventually.Is(async () => await ErrorQueue() == (1, 0), description: "the message is in its queue, without a consumer");
        await Running(Inventory);

        await Eventually.Is(async () => await ErrorQueue() is (0, > 0), "the message is acknowledged");
        Assert.Equal("waiting 1", await LettersOf(order));
        await Redrive(order);
        await Eventually.Is(async () => await LettersOf(order) == "resolved 1");
        await Shop.Balance(sku, [order]);
        Assert.Equal((6, 0), await Shop.StockOf(sku));
    }

    [Theory]
    [InlineData(Victim.Process, Explicit = true)]
    [InlineData(Victim.Database, Explicit = true)]
    public async Task Retention_interrupted_between_archive_and_drop_archives_every_event_once(Victim victim)
    {
        var fresh = await CreatePlatform(service => service == "Orders"
            ? [("Messaging__Retention__LogDays", "30"), ("Messaging__Retention__Interval", "00:00:01")]
            : []);
        await fresh.Repair();
        var (shop, orders) = (new Shop(fresh), fresh.Orders);
        var sku = await shop.Stock(3);
        var placed = new List<Guid> { await shop.Place(sku) };
        await shop.Becomes(placed[0], "shipped");
        await orders.Stop();
        await InsertOldEvents(orders);

        await using (var hold = await Hold.Of(orders, "LOCK TABLE messaging.event_log_old IN ACCESS SHARE MODE"))
        {
            await (await orders.Start()).Ready();
            placed.Add(await shop.Place(sku));
            await Eventually.Is(
                async () => Manifests().Any() && await hold.IsWaitedFor(), description: "the partition is about to be dropped");

            await Interrupt(victim, orders, fresh);
        }

        if (victim is Victim.Process)
            Assert.Equal(OldEvents, await orders.Database.Scalar<long>("SELECT count(*) FROM messaging.event_log_old"));
        await Running(orders);

        await Eventually.Is(() => orders.Database.Scalar<bool>("SELECT to_regclass('messaging.event_log_old') IS NULL"));
        Assert.Equal(0, await orders.Database.Scalar<long>("SELECT count(*) FROM messaging.event_log WHERE position < 0"));
        var archived = await Archived(Assert.Single(Manifests()));
        Assert.Equal(Enumerable.Range(-OldEvents, OldEvents).Select(position => (long)position), archived);
        Assert.Equal(2, Directory.EnumerateFiles(fresh.Archive).Count());
        placed.Add(await shop.Place(sku));
        var ends = await shop.Balance(sku, placed);
        Assert.Equal(3, ends["Shipped"]);
        foreach (var order in placed)
            Assert.Equal(["OrderPlaced", "OrderConfirmed", "OrderShipped"], await shop.History(order));

        IEnumerable<string> Manifests() => Directory.EnumerateFiles(fresh.Archive, "*.manifest.json");
    }

    [LongFact]
    public async Task Consumers_killed_at_random_under_load_lose_and_duplicate_nothing()
    {
        const int Kills = 10;
        const int OrdersPerKill = 70;
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

        var ends = await Shop.Balance(sku, await load.Stop());
        Assert.Equal(["Shipped"], ends.Keys);
    }

    [LongFact]
    public async Task A_standby_relay_takes_over_within_seconds_of_a_kill()
    {
        const int TakeOvers = 5;
        var sku = await Shop.Stock(100_000);
        await using var watch = await Watch.Start(Platform, "Orders:OrderPlaced");
        await (await Orders.Start()).Ready();
        await using var load = Shop.Load(sku);
        for (var takeOver = 0; takeOver < TakeOvers; takeOver++)
        {
            await load.Reaches((takeOver + 1) * 30);
            var active = Assert.Single(await ActiveRelays());
            active.Kill();
            await Eventually.IsWithin(
                PromisedTakeOver, async () => (await ActiveRelays()).Count == 1, "the standby has taken over");
            await (await Orders.Start()).Ready();
        }

        var orders = await load.Stop();
        var ends = await Shop.Balance(sku, orders);
        Assert.Equal(["Shipped"], ends.Keys);

        // A new relay starts at the cursor, so it may repeat one run of events; two active relays would keep repeating them.
        var published = await watch.Take();
        Assert.Equal(orders.Order(), published.Select(e => e.Order).Distinct().Order());
        var seen = new HashSet<Guid>();
        var repeated = published.Select(e => !seen.Add(e.EventId)).ToArray();
        Assert.InRange(repeated.Zip(repeated.Skip(1)).Count(pair => !pair.First && pair.Second), 0, TakeOvers);
    }

    private static async Task Interrupt(Victim victim, Service service, Platform platform)
    {
        switch (victim)
        {
            case Victim.Process:
                service.Kill();
                break;
            case Victim.Database:
                await platform.RestartDatabase();
                break;
            case Victim.Broker:
                await platform.RestartBroker();
                break;
        }
    }

    /// <summary>The running instance, or a new one if there is none; returns when it is ready.</summary>
    private static async Task<ServiceProcess> Running(Service service) =>
        await (service.Instances.SingleOrDefault(instance => instance.Runs) ?? await service.Start()).Ready();

    /// <summary>
    /// Inserts events that are two months old, at positions below all that the relay reads. Uses the service's role, which must own the
    /// partition to drop it.
    /// </summary>
    private static async Task InsertOldEvents(Service service)
    {
        // Not pooled: a restart of the server leaves dead connections in a pool.
        var address = new NpgsqlConnectionStringBuilder(service.Database.ConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(address.Patient().ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $$"""
              CREATE TEMPORARY VIEW bounds AS
              SELECT messaging.first_id(now() - interval '67 days') AS since, messaging.first_id(now() - interval '60 days') AS until;

              SELECT messaging.create_partition('event_log', 'event_log_old');
              ALTER TABLE messaging.event_log DETACH PARTITION messaging.event_log_past;
              SELECT messaging.attach_partition(
                  'event_log', 'event_log_old', format('FOR VALUES FROM (%L) TO (%L)', since, until)) FROM bounds;
              SELECT messaging.attach_partition(
                  'event_log', 'event_log_past', format('FOR VALUES FROM (MINVALUE) TO (%L)', since)) FROM bounds;
              INSERT INTO messaging.event_log (position, event_id, stream, sequence, type, data, correlation_id, occurred_at)
              OVERRIDING SYSTEM VALUE
              SELECT -n, id, id, 1, 'OrderPlatform.Contracts.Orders:OrderRejected', json_build_object('orderId', id), id, occurred_at
              FROM generate_series(1, {{OldEvents}}) AS n,
                  LATERAL (SELECT now() - interval '61 days' - n * interval '1 second' AS occurred_at) AS t,
                  LATERAL (SELECT (left(messaging.first_id(occurred_at)::text, 14) || right(md5(n::text), 20))::uuid AS id) AS e
              """,
            connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The positions in a manifest's file, after checking the file's hash and number of events.</summary>
    private static async Task<IReadOnlyList<long>> Archived(string path)
    {
        var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(path)).RootElement;
        var file = await File.ReadAllBytesAsync(Path.Combine(Path.GetDirectoryName(path)!, manifest.GetProperty("file").GetString()!));
        Assert.Equal(manifest.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(file)));
        using var lines = new StreamReader(new GZipStream(new MemoryStream(file), CompressionMode.Decompress));
        var positions = new List<long>();
        while (await lines.ReadLineAsync() is { } line)
            positions.Add(JsonDocument.Parse(line).RootElement.GetProperty("position").GetInt64());
        Assert.Equal(manifest.GetProperty("events").GetInt64(), positions.Count);
        return positions;
    }

    /// <summary>Inventory can handle no order meanwhile. A constraint violation needs an operator: no automatic redrive.</summary>
    private async Task WhileOrdersFail(Func<Task> action)
    {
        await Inventory.Database.Scalar<int>("ALTER TABLE reservations ADD CONSTRAINT broken CHECK (false) NOT VALID; SELECT 1");
        try
        {
            await action();
        }
        finally
        {
            await Inventory.Database.Scalar<int>("ALTER TABLE reservations DROP CONSTRAINT broken; SELECT 1");
        }
    }

    /// <summary>The state and number of attempts of each of Inventory's dead letters for an order.</summary>
    private Task<string> LettersOf(Guid order) => Inventory.Database.Scalar<string>(
        $"SELECT coalesce(string_agg(state || ' ' || attempts, ', '), '') FROM messaging.dead_letters WHERE stream = '{order}'");

    private async Task Redrive(Guid order)
    {
        var letter = await Inventory.Database.Scalar<Guid>($"SELECT id FROM messaging.dead_letters WHERE stream = '{order}'");
        using var response = await Inventory.Http.PostAsJsonAsync(
            $"ops/dead-letters/{letter}/redrive", new { reason = "The constraint was wrong" });
        Assert.Equal(202, (int)response.StatusCode);
    }

    /// <summary>The broker's latest counts for Inventory's error queue: messages, including unacknowledged ones, and consumers.</summary>
    private async Task<(int Messages, int Consumers)> ErrorQueue()
    {
        var queue = (await Platform.Broker.Ask("queues/{vhost}/inventory_error"))!.Value;
        return (Count("messages"), Count("consumers"));

        int Count(string what) => queue.TryGetProperty(what, out var count) ? count.GetInt32() : -1;
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

    private static async Task<bool> HasEvents(Service service, Guid order) =>
        await service.Database.Scalar<long>($"SELECT count(*) FROM messaging.event_log WHERE stream = '{order}'") > 0;
}
