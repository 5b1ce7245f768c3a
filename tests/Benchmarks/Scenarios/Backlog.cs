using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>The broker is down while the orders come in; then it comes back.</summary>
internal static class Backlog
{
    public static async Task Run(Options options, Servers servers, Report report, CancellationToken stoppingToken)
    {
        for (var round = 1; round <= options.Rounds; round++)
            report.Add(await Measure($"platform {round}", options, servers, stoppingToken));
    }

    private static async Task<Measurement> Measure(string name, Options options, Servers servers, CancellationToken stoppingToken)
    {
        await using var trial = await Trial.Start(options.Transports[0], options, servers, rowsBefore: 0, stoppingToken);
        await using var memory = new MemorySampler(trial.Services);
        Progress.Say("stopping the broker");
        await servers.StopBroker(stoppingToken);
        try
        {
            var load = await trial.Send("backlog", options.Orders, rate: 0, stoppingToken);
            var peakBefore = Memory.Peaks(trial.Services).Values.Max();

            Progress.Say("starting the broker");
            await servers.StartBroker(stoppingToken);
            var back = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            var before = trial.ReadCpu();
            await trial.WhenAllShipped(stoppingToken);
            var after = trial.ReadCpu();

            long[] shipped = [.. (await trial.ShippedTimes("backlog", stoppingToken)).Select(order => order.At).Order()];
            var (tenth, last) = (shipped.Length / 10, shipped.Length - 1);
            var measurement = await trial.Finish(name, load, options.Orders, shipped[last], before, after, stoppingToken);
            return measurement with
            {
                ShippedPerSecond = options.Orders / ((shipped[last] - back) / 1e6),
                Megabytes = memory.Samples,
                More = new Dictionary<string, double>
                {
                    ["seconds from the broker's return to the first order Shipped"] = (shipped[0] - back) / 1e6,
                    ["orders/s while the middle 80 % drained"] = (last - (2 * tenth)) / ((shipped[last - tenth] - shipped[tenth]) / 1e6),
                    ["peak MB of a service before the broker returned"] = peakBefore,
                },
            };
        }
        catch
        {
            // The next run needs a broker even after a failure.
            await servers.StartBroker(CancellationToken.None);
            throw;
        }
    }
}
