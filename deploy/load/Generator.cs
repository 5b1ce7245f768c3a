namespace OrderPlatform.LoadGenerator;

/// <summary>Places orders, keeps the warehouse filled, and prints its status.</summary>
internal sealed class Generator(Options options, TimeProvider clock, TextWriter output)
{
    /// <summary>The limit of concurrent orders: more would show nothing new about a platform that does not keep up.</summary>
    private const int MostInFlight = 500;

    private readonly Tally tally = new();
    private int inFlight;

    /// <summary>Returns soon after it is stopped.</summary>
    /// <exception cref="ArgumentException">The heartbeat file cannot be written.</exception>
    public async Task Run(CancellationToken stoppingToken)
    {
        var heartbeat = options.HeartbeatFile is null ? null : Heartbeat.Of(options, clock);
        heartbeat?.Prepare();
        using var toOrders = Client(options.OrdersUrl);
        using var toInventory = Client(options.InventoryUrl);
        var warehouse = new Warehouse(toInventory, options, tally, new Outage("Inventory", clock, output), clock);
        output.WriteLine(
            $"{options.OrdersPerSecond} orders per second to {options.OrdersUrl}: "
            + $"{options.ScarceShare:P0} for scarce goods, {options.CancelledShare:P0} cancelled");
        try
        {
            await warehouse.Open(stoppingToken);
            List<Task> work = [warehouse.Run(stoppingToken), PlaceOrders(toOrders, stoppingToken), Report(stoppingToken)];
            if (heartbeat is not null)
                work.Add(Beat(heartbeat, stoppingToken));
            await await Task.WhenAny(work);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            output.WriteLine($"Stopped. {tally}");
        }
    }

    private async Task PlaceOrders(HttpClient http, CancellationToken stoppingToken)
    {
        var mix = new Mix(options, Random.Shared);
        var outage = new Outage("Orders", clock, output);
        var customers = new Customers(http, tally, outage, clock);
        var schedule = new Schedule(options.OrdersPerSecond, clock);
        while (true)
        {
            while (outage.IsOn)
            {
                await outage.BackOff(stoppingToken);
                await customers.Order(mix.Next(), stoppingToken);
                schedule.Restart();
            }

            if (schedule.UntilNext() is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, clock, stoppingToken);
                continue;
            }

            schedule.Take();
            Start(customers, mix.Next(), stoppingToken);
        }
    }

    /// <summary>The next order does not wait for this one.</summary>
    private void Start(Customers customers, PlannedOrder planned, CancellationToken stoppingToken)
    {
        if (Interlocked.Increment(ref inFlight) > MostInFlight)
        {
            Interlocked.Decrement(ref inFlight);
            tally.CountLeftOut();
            return;
        }

        _ = Order();

        async Task Order()
        {
            try
            {
                await customers.Order(planned, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The generator is stopping: this order is no longer counted.
            }
            finally
            {
                Interlocked.Decrement(ref inFlight);
            }
        }
    }

    private async Task Report(CancellationToken stoppingToken)
    {
        var (before, since) = (0L, clock.GetTimestamp());
        while (true)
        {
            await Task.Delay(options.StatusInterval, clock, stoppingToken);
            var (placed, now) = (tally.Placed, clock.GetTimestamp());
            var rate = (placed - before) / clock.GetElapsedTime(since, now).TotalSeconds;
            output.WriteLine($"{clock.GetUtcNow():HH:mm:ss}  {rate:0.0} orders/s; {tally}");
            (before, since) = (placed, now);
        }
    }

    /// <summary>As long as orders are accepted.</summary>
    private async Task Beat(Heartbeat heartbeat, CancellationToken stoppingToken)
    {
        var before = 0L;
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken);
            var placed = tally.Placed;
            if (placed > before)
                heartbeat.Beat(output);
            before = placed;
        }
    }

    private static HttpClient Client(Uri address) => new(new SocketsHttpHandler
    {
        // So that new and removed instances are noticed.
        PooledConnectionLifetime = TimeSpan.FromSeconds(30),
        ConnectTimeout = TimeSpan.FromSeconds(3),
    })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromSeconds(10),
    };
}
