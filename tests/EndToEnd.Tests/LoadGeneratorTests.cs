using System.Collections.Concurrent;
using System.Diagnostics;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>The demo's load generator, run as a process against the three services.</summary>
public sealed class LoadGeneratorTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task Places_orders_of_every_outcome_and_stops_when_asked()
    {
        await using var toOrders = ProxyTo(Orders);
        await using var toInventory = ProxyTo(Inventory);
        var (before, watch) = (await Ends(), Stopwatch.StartNew());
        using var load = new LoadProcess(toOrders, toInventory, perSecond: 20, scarceShare: 0.3, cancelledShare: 0.2);

        await Eventually.Is(
            async () => await Ends() - before is { Shipped: >= 50, Rejected: >= 10, Cancelled: >= 10, ScarceShipped: > 0, ScarceRejected: > 0 },
            "orders are shipped, rejected and cancelled");
        await Eventually.Is(() => load.Rates.Any(rate => rate > 0), "its rate is shown");

        Assert.Equal(0, await load.Stop());
        Assert.StartsWith("Stopped. placed ", load.Lines.Last(), StringComparison.Ordinal);
        // A service that answers late on a slow machine counts as unavailable, and its orders as failed.
        if (!load.Says("is unavailable"))
            Assert.Contains("failed 0,", load.Lines.Last(), StringComparison.Ordinal);

        // A slow machine may fall short of the rate, but nothing may exceed it.
        Assert.InRange((await Ends() - before).Placed, 0, (20 * watch.Elapsed.TotalSeconds) + 1);
    }

    [Fact]
    public async Task Reports_and_waits_for_an_unavailable_service_then_continues()
    {
        await using var toOrders = ProxyTo(Orders);
        await using var toInventory = ProxyTo(Inventory);
        toInventory.Close();
        var before = await OrdersPlaced();
        using var load = new LoadProcess(toOrders, toInventory, perSecond: 20, scarceShare: 0, cancelledShare: 0);

        // No order is placed before there is stock.
        await Eventually.Is(() => load.Says("Inventory is unavailable"));
        Assert.Equal(before, await OrdersPlaced());
        toInventory.Open();
        await Eventually.Is(() => load.Says("Inventory is back after"));
        await Eventually.Is(async () => await OrdersPlaced() >= before + 20);

        toOrders.Close();
        await Eventually.Is(() => load.Says("Orders is unavailable"));
        toOrders.Open();
        await Eventually.Is(() => load.Says("Orders is back after"));
        var placed = await OrdersPlaced();
        await Eventually.Is(async () => await OrdersPlaced() >= placed + 20);
        Assert.Equal(0, await load.Stop());
    }

    [Fact]
    public async Task Refuses_an_invalid_setting()
    {
        await using var proxy = ProxyTo(Orders);
        using var load = new LoadProcess(proxy, proxy, perSecond: 0, scarceShare: 0, cancelledShare: 0);

        Assert.Equal(2, await load.Ended());
        Assert.True(load.Says("error: --orders-per-second: '0' is not a number from 0.01 to 10000."));
        Assert.True(load.Says("Usage: "));
    }

    private static TcpProxy ProxyTo(Service service) => new("127.0.0.1", service.Instances[0].Http.BaseAddress!.Port);

    private Task<long> OrdersPlaced() => Orders.Database.Scalar<long>(
        "SELECT count(*) FROM orders WHERE customer_id LIKE 'load-customer-%'");

    private async Task<Counts> Ends()
    {
        await using var command = Orders.Database.Source.CreateCommand(
            """
            SELECT count(*),
                   count(*) FILTER (WHERE status = 'Shipped'),
                   count(*) FILTER (WHERE status = 'Rejected'),
                   count(*) FILTER (WHERE status = 'Cancelled'),
                   count(*) FILTER (WHERE status = 'Shipped' AND lines->0->>'sku' LIKE 'load-scarce-%'),
                   count(*) FILTER (WHERE status = 'Rejected' AND lines->0->>'sku' LIKE 'load-scarce-%')
            FROM orders WHERE customer_id LIKE 'load-customer-%'
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var counts = Enumerable.Range(0, reader.FieldCount).Select(reader.GetInt64).ToArray();
        return new Counts(counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]);
    }

    /// <summary>Counts of all load generators' orders, including those of other tests: only differences are meaningful.</summary>
    private sealed record Counts(long Placed, long Shipped, long Rejected, long Cancelled, long ScarceShipped, long ScarceRejected)
    {
        public static Counts operator -(Counts now, Counts before) => new(
            now.Placed - before.Placed,
            now.Shipped - before.Shipped,
            now.Rejected - before.Rejected,
            now.Cancelled - before.Cancelled,
            now.ScarceShipped - before.ScarceShipped,
            now.ScarceRejected - before.ScarceRejected);
    }

    private sealed class LoadProcess : IDisposable
    {
        private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

        private readonly ConcurrentQueue<string> lines = [];
        private readonly Process process;

        public LoadProcess(TcpProxy toOrders, TcpProxy toInventory, double perSecond, double scarceShare, double cancelledShare)
        {
            var assembly = Repository.Path("deploy", "load", "bin", Configuration, "net10.0", "OrderPlatform.LoadGenerator.dll");
            process = new Process
            {
                StartInfo = new ProcessStartInfo(
                    "dotnet", ["exec", assembly, "--orders-per-second", $"{perSecond}", "--status-seconds", "1"])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    Environment =
                    {
                        ["LOAD_SCARCE_SHARE"] = $"{scarceShare}",
                        ["LOAD_CANCELLED_SHARE"] = $"{cancelledShare}",
                        ["LOAD_ORDERS_URL"] = $"http://127.0.0.1:{toOrders.Port}",
                        ["LOAD_INVENTORY_URL"] = $"http://127.0.0.1:{toInventory.Port}",
                    },
                },
            };
            process.OutputDataReceived += (_, line) => Read(line.Data);
            process.ErrorDataReceived += (_, line) => Read(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public IReadOnlyCollection<string> Lines => lines;

        /// <summary>The orders per second of each status line.</summary>
        public IReadOnlyList<double> Rates =>
        [
            .. lines.Where(line => line.Contains(" orders/s; ", StringComparison.Ordinal))
                .Select(line => double.Parse(line.Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture)),
        ];

        public bool Says(string text) => lines.Any(line => line.Contains(text, StringComparison.Ordinal));

        /// <summary>Sends SIGTERM and waits until it has ended.</summary>
        public Task<int> Stop()
        {
            ServiceProcess.Terminate(process);
            return Ended();
        }

        public async Task<int> Ended()
        {
            await process.WaitForExitAsync().WaitAsync(Eventually.Guard);
            return process.ExitCode;
        }

        public void Dispose()
        {
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
        }

        private void Read(string? line)
        {
            if (line is not null)
                lines.Enqueue(line);
        }
    }
}
