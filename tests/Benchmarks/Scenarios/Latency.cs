using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>
/// Orders on a fixed schedule. Each is timed from when it should have been sent, so an answer that is late delays nothing and
/// hides nothing, to the commit that made it Shipped.
/// </summary>
internal static class Latency
{
    public static async Task Run(Options options, Servers servers, Report report, CancellationToken stoppingToken)
    {
        IEnumerable<Target> targets = options.AgainstCeiling ? options.Transports.Append(Target.Ceiling) : options.Transports;
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var target in targets)
                report.Add(await Measure($"{target.Name()} {round}", target, options, servers, stoppingToken));
        }
    }

    private static async Task<Measurement> Measure(string name, Target target, Options options, Servers servers, CancellationToken stoppingToken)
    {
        await using var trial = await Trial.Start(target, options, servers, rowsBefore: 0, stoppingToken);

        // The warm-up was as fast as possible: let the collectors and checkpoints it caused end.
        await trial.Send("settle", (int)(options.Rate * 5), options.Rate, stoppingToken);
        await trial.WhenAllShipped(stoppingToken);

        var orders = (int)(options.Rate * options.Seconds);
        var before = trial.ReadCpu();
        var load = await trial.Send("latency", orders, options.Rate, stoppingToken);
        await trial.WhenAllShipped(stoppingToken);
        var after = trial.ReadCpu();
        var shipped = await trial.ShippedTimes("latency", stoppingToken);
        var measurement = await trial.Finish(name, load, orders, shipped.Max(order => order.At), before, after, stoppingToken);
        return measurement with { ToShipped = Latencies.Of(shipped.Select(order => (order.At - load.DueAt![order.Number]) / 1000.0)) };
    }
}
