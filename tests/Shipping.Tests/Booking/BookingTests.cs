using System.Diagnostics;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Shipping.Tests.Booking;

public sealed class BookingTests : ShippingTest
{
    [Fact]
    public async Task Books_a_confirmed_order_with_the_shipments_id_as_its_key()
    {
        var shipping = await Start();

        var orderId = await shipping.Confirm();
        await shipping.Becomes(orderId, ShipmentStatus.Dispatched);

        var shipment = await shipping.Get(orderId);
        Assert.Equal([("POST", shipment.ShipmentId)], Carrier.Calls);
        Assert.Equal($"FAKE-{shipment.ShipmentId}", shipment.TrackingNumber);
        Assert.Equal((1, null), (shipment.Attempts, shipment.NextAttemptAt));
        Assert.Equal(["ShipmentDispatched"], await shipping.Log(orderId));
    }

    [Fact]
    public async Task The_commit_wakes_the_worker_before_its_next_poll()
    {
        var shipping = await Start(("Carrier:PollInterval", "00:01:00"));
        var times = new List<TimeSpan>();
        for (var n = 0; n < 4; n++)
        {
            var watch = Stopwatch.StartNew();
            await shipping.Becomes(await shipping.Confirm(), ShipmentStatus.Dispatched);
            times.Add(watch.Elapsed);
        }

        // The worker may find the first one at its start. Each of the others would wait for a whole interval.
        Assert.InRange(times.Skip(1).Min(), TimeSpan.Zero, TimeSpan.FromSeconds(50));
    }

    [Fact]
    public async Task Retries_transient_failures_within_one_attempt()
    {
        Carrier.Answer = (_, _) => Task.FromResult(Carrier.Calls.Count < 3 ? 503 : 200);
        var shipping = await Start();

        var orderId = await shipping.Confirm();
        await shipping.Becomes(orderId, ShipmentStatus.Dispatched);

        Assert.Equal(1, (await shipping.Get(orderId)).Attempts);
        Assert.Equal(3, Carrier.Calls.Count);
    }

    [Fact]
    public async Task Does_not_wait_forever_for_an_answer()
    {
        Carrier.Answer = async (_, _) =>
        {
            if (Carrier.Calls.Count == 1)
                await Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
            return 200;
        };
        var shipping = await Start(("Carrier:Resilience:AttemptTimeout:Timeout", "00:00:01"));

        var orderId = await shipping.Confirm();

        await shipping.Becomes(orderId, ShipmentStatus.Dispatched);
    }

    [Fact]
    public async Task Loses_nothing_while_the_carrier_is_down()
    {
        Carrier.Answer = (_, _) => Task.FromResult(500);
        var shipping = await Start();
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => shipping.Confirm()));
        await Eventually.Is(async () => (await Task.WhenAll(orders.Select(shipping.Get))).All(shipment => shipment.Attempts >= 3));
        Assert.All(await Task.WhenAll(orders.Select(shipping.Get)), shipment => Assert.Equal(ShipmentStatus.Pending, shipment.Status));

        Carrier.Answer = (_, _) => Task.FromResult(200);

        foreach (var order in orders)
        {
            await shipping.Becomes(order, ShipmentStatus.Dispatched);
            Assert.Equal(["ShipmentDispatched"], await shipping.Log(order));
        }

        Assert.Equal(20, Carrier.Bookings.Count);
    }

    [Fact]
    public async Task Retries_later_when_the_carriers_address_refuses_connections()
    {
        var shipping = await Start(("Carrier:BaseUrl", "http://127.0.0.1:1/"));

        var orderId = await shipping.Confirm();

        await Eventually.Is(async () =>
            await shipping.Get(orderId) is { Attempts: >= 2, Status: ShipmentStatus.Pending, NextAttemptAt: not null });
    }

    [Fact]
    public async Task Stops_calling_a_failing_carrier_until_it_recovers()
    {
        const int UntilOpen = 10;
        const int Concurrent = 16;
        Carrier.Answer = (_, _) => Task.FromResult(500);
        var shipping = await Start(
            ("Carrier:Concurrency", $"{Concurrent}"),
            ("Carrier:Resilience:CircuitBreaker:MinimumThroughput", $"{UntilOpen}"),
            ("Carrier:Resilience:CircuitBreaker:BreakDuration", "00:00:01"));
        var watch = Stopwatch.StartNew();
        var orders = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => shipping.Confirm()));
        await Scrape.Becomes(shipping.Services, "shipping_carrier_circuit_state", 2);
        await Eventually.Is(async () => (await Task.WhenAll(orders.Select(shipping.Get))).All(shipment => shipment.Attempts > 0));

        // Fifty shipments were tried. Some calls are on their way when the circuit opens, and only one is made after each break; without
        // the circuit there would be hundreds.
        var calls = Carrier.Calls.Count;
        Assert.InRange(calls, UntilOpen, UntilOpen + Concurrent + (int)watch.Elapsed.TotalSeconds);
        Carrier.Answer = (_, _) => Task.FromResult(200);
        foreach (var order in orders)
            await shipping.Becomes(order, ShipmentStatus.Dispatched);
    }

    [Fact]
    public async Task Instances_share_the_work_and_book_each_shipment_once()
    {
        const int Shipments = 200;
        Carrier.Answer = async (_, _) =>
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            return 200;
        };
        var (first, second) = (await Start(), await Start());

        var orders = await Task.WhenAll(Enumerable.Range(0, Shipments).Select(n => (n % 2 == 0 ? first : second).Confirm()));
        foreach (var order in orders)
            await first.Becomes(order, ShipmentStatus.Dispatched);

        Assert.Equal(Shipments, Carrier.Calls.Count);
        Assert.Equal(Shipments, Carrier.Calls.Distinct().Count());
    }

    [Fact]
    public async Task Books_a_killed_instances_shipments_when_its_lease_ends()
    {
        // SIGKILL leaves behind a claimed row that no instance works on.
        Carrier.Answer = (_, _) => Task.FromResult(500);
        var shipping = await Start();
        var orderId = await shipping.Confirm();
        await Eventually.Is(async () => (await shipping.Get(orderId)).Attempts > 0);
        await Stop(shipping);
        Carrier.Answer = (_, _) => Task.FromResult(200);
        var watch = Stopwatch.StartNew();
        await Due(orderId, "3 s");

        await (await Start()).Becomes(orderId, ShipmentStatus.Dispatched);

        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(2.9), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task Releases_its_claims_when_it_stops()
    {
        var asked = 0;
        Carrier.Answer = async (_, _) =>
        {
            Interlocked.Increment(ref asked);
            await Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
            return 200;
        };
        (string, string)[] patient = [("Carrier:Lease", "01:00:00")];
        var first = await Start(("Carrier:BaseUrl", "http://127.0.0.1:1/"));
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => first.Confirm()));
        await Stop(first);

        // One is due first, then all others: one of the second claim of sixteen has to wait until another is done.
        await Due(orders[0], "0 s");
        var stopped = await Start(patient);
        await Eventually.Is(() => asked == 16);
        await Stop(stopped);

        Carrier.Answer = (_, _) => Task.FromResult(200);
        var second = await Start(patient);
        foreach (var order in orders)
            await second.Becomes(order, ShipmentStatus.Dispatched);
    }

    [Fact]
    public async Task Dispatches_once_when_an_instance_finishes_after_its_lease()
    {
        var late = new TaskCompletionSource();
        Carrier.Answer = async (_, _) =>
        {
            if (Carrier.Calls.Count == 1)
                await late.Task;
            return 200;
        };
        var (shipping, other) = (await Start(("Carrier:Lease", "01:00:00")), await Start(("Carrier:Lease", "01:00:00")));
        var orderId = await shipping.Confirm();
        await Eventually.Is(() => Carrier.Calls.Count == 1);
        // As if the hour had passed.
        await Due(orderId, "0 s");
        await shipping.Becomes(orderId, ShipmentStatus.Dispatched);

        late.SetResult();
        await Eventually.Is(async () => await Accepted(shipping) + await Accepted(other) == 2, "both calls are answered");

        // An instance that stops commits what the carrier has answered.
        await Stop(other);
        await Stop(shipping);
        var after = await Start();
        Assert.Equal(2, Carrier.Calls.Count);
        Assert.Equal(["ShipmentDispatched"], await after.Log(orderId));
        Assert.Equal(2, (await after.Get(orderId)).Attempts);
    }

    private static async Task<double?> Accepted(ShippingService shipping) =>
        (await Scrape.Of(shipping.Services))["""shipping_carrier_calls_total{outcome="accepted"}"""];

    /// <summary>One shipment is due then; all others are due in three seconds.</summary>
    private async Task Due(Guid orderId, string then)
    {
        await using var command = Database.Source.CreateCommand(
            $"""
             UPDATE shipments
             SET next_attempt_at = now() + CASE order_id WHEN '{orderId}' THEN interval '{then}' ELSE interval '3 s' END
             """);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
