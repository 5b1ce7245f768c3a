using System.Diagnostics;
using Npgsql;
using OrderPlatform.Benchmarks.Load;
using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>One run on fresh databases and queues: services, load, waiting, figures and consistency check.</summary>
internal sealed class Trial : IAsyncDisposable
{
    private readonly Target target;
    private readonly List<(string Run, int Orders)> loads = [];
    private Services? services;
    private LoadProcess? load;

    private Trial(Target target, Options options, Servers servers) => (this.target, Options, Servers) = (target, options, servers);

    public Options Options { get; }

    public Servers Servers { get; }

    public Services Services => services ?? throw new InvalidOperationException("The services are not running.");

    private Baseline Baseline { get; set; } = null!;

    private int Sent => loads.Sum(sent => sent.Orders);

    /// <summary>Creates everything anew, starts the services and warms them up.</summary>
    /// <param name="target">The services to run.</param>
    /// <param name="options">How many orders.</param>
    /// <param name="servers">The private PostgreSQL and RabbitMQ.</param>
    /// <param name="rowsBefore">Rows to make in each log and inbox before the first order.</param>
    /// <param name="stoppingToken">Abandons the run.</param>
    public static async Task<Trial> Start(Target target, Options options, Servers servers, long rowsBefore, CancellationToken stoppingToken)
    {
        var trial = new Trial(target, options, servers);
        try
        {
            await trial.Start(rowsBefore, stoppingToken);
            await trial.Send("warm-up", options.WarmUp, rate: 0, stoppingToken);
            await trial.WhenAllShipped(stoppingToken);
            return trial;
        }
        catch
        {
            await trial.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends orders. Each load has its own name.</summary>
    public async Task<LoadReport> Send(string name, int orders, double rate, CancellationToken stoppingToken)
    {
        Progress.Say(rate > 0 ? $"{name}: {orders:N0} orders, {rate:N0} a second" : $"{name}: {orders:N0} orders");
        loads.Add((name, orders));
        return await load!.Send(new LoadRequest(Services.Orders, name, orders, Options.Connections, rate), stoppingToken);
    }

    public CpuReading ReadCpu() => CpuReading.Take(Services, Servers, load!);

    /// <summary>Waits until every order is Shipped and nothing is in flight any more.</summary>
    public async Task WhenAllShipped(CancellationToken stoppingToken)
    {
        await WhenCount("orders", "SELECT count(*) FROM orders WHERE status = 'Shipped'", Sent, "orders Shipped", stoppingToken);
        await WhenCount("inventory", "SELECT count(*) FROM reservations WHERE status = 'Shipped'", Sent, "reservations booked out", stoppingToken);
    }

    /// <summary>When the orders of a load became Shipped: their numbers, and commit times in microseconds since 1970.</summary>
    public async Task<List<(int Number, long At)>> ShippedTimes(string name, CancellationToken stoppingToken)
    {
        const string Sql =
            """
            SELECT split_part(o.customer_id, '-', -1)::int, (extract(epoch FROM pg_xact_commit_timestamp(o.xmin)) * 1000000)::bigint
            FROM orders AS o
            WHERE o.status = 'Shipped' AND o.customer_id LIKE $1
            """;
        await using var connection = new NpgsqlConnection(Servers.DatabaseAsAdministrator("orders"));
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(Sql, connection) { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"{name}-%" });
        await using var reader = await command.ExecuteReaderAsync(stoppingToken);
        var times = new List<(int, long)>();
        while (await reader.ReadAsync(stoppingToken))
            times.Add((reader.GetInt32(0), reader.GetInt64(1)));
        return times;
    }

    /// <summary>Collects the figures of a load, and checks all data.</summary>
    public async Task<Measurement> Finish(
        string name,
        LoadReport report,
        int orders,
        long lastShippedAt,
        CpuReading before,
        CpuReading after,
        CancellationToken stoppingToken)
    {
        Progress.Say("checking all data");
        var problems = await ConsistencyCheck.Check(Servers, loads, Baseline, stoppingToken);
        return new Measurement(
            name,
            orders,
            Options.WarmUp,
            report.AcceptedPerSecond,
            orders / ((lastShippedAt - report.FirstSentAt) / 1e6),
            report.P50,
            report.P99,
            after.MillisecondsAnOrder(before, orders),
            (after.Generator - before.Generator) * 1000 / orders,
            after.OthersPercent(before),
            Memory.Peaks(Services),
            report.Others,
            problems);
    }

    public async ValueTask DisposeAsync()
    {
        load?.Dispose();
        if (services is not null)
            await services.DisposeAsync();
    }

    private async Task Start(long rowsBefore, CancellationToken stoppingToken)
    {
        Progress.Say($"{target.Name()}: fresh databases and queues");
        await Servers.MakeFresh(stoppingToken);
        if (target == Target.Ceiling)
            await MakeTablesByHand(stoppingToken);
        var settings = Options.AgainstJobs ? Jobs.Settings(Servers) : new Dictionary<string, string>();
        services = await Services.Start(target, settings, Servers, stoppingToken);
        await Servers.Execute(Servers.Database("inventory"), ReceiveStock, stoppingToken);
        if (rowsBefore > 0)
        {
            // The services stand still meanwhile: their relays have nothing to do with rows that were published long ago.
            await services.DisposeAsync();
            services = null;
            await Growth.MakeRows(Servers, rowsBefore, stoppingToken);
            services = await Services.Start(target, settings, Servers, stoppingToken);
        }

        load = new LoadProcess();
        var positions = new Dictionary<string, long>();
        foreach (var name in Services.Names)
            positions[name] = await Scalar(name, "SELECT coalesce(max(position), 0) FROM messaging.event_log", stoppingToken);
        Baseline = new Baseline(positions, DateTimeOffset.UtcNow);
    }

    private async Task MakeTablesByHand(CancellationToken stoppingToken)
    {
        foreach (var service in Services.Names)
        {
            foreach (var file in new[] { "messaging", service })
            {
                var sql = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Ceiling", $"{file}.sql"), stoppingToken);
                await Servers.Execute(Servers.Database(service), sql, stoppingToken);
            }
        }
    }

    private static string ReceiveStock =>
        $"""
        INSERT INTO stock (sku, available, reserved, version)
        SELECT 'sku-' || lpad(n::text, 4, '0'), {ConsistencyCheck.StockAtFirst}, 0, 0 FROM generate_series(0, {Orders.Skus - 1}) AS n
        """;

    /// <summary>Asks until the answer is as expected; asking takes at most one part in fifty of the time.</summary>
    private async Task WhenCount(string service, string sql, long expected, string what, CancellationToken stoppingToken)
    {
        await using var connection = new NpgsqlConnection(Servers.DatabaseAsAdministrator(service));
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        var (best, since) = (-1L, Stopwatch.StartNew());
        while (true)
        {
            Services.ThrowIfEnded();
            var asked = Stopwatch.StartNew();
            var count = (long)(await command.ExecuteScalarAsync(stoppingToken))!;
            Progress.Update($"{count:N0} of {expected:N0} {what}");
            if (count == expected)
                return;
            if (count != best)
                (best, since) = (count, Stopwatch.StartNew());
            else if (since.Elapsed > TimeSpan.FromMinutes(2))
                throw new TimeoutException($"{count:N0} of {expected:N0} {what}, and no more for two minutes.");
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(200, asked.ElapsedMilliseconds * 50)), stoppingToken);
        }
    }

    private async Task<long> Scalar(string service, string sql, CancellationToken stoppingToken)
    {
        await using var connection = new NpgsqlConnection(Servers.DatabaseAsAdministrator(service));
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(stoppingToken))!;
    }
}
