using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>Orders as fast as they are accepted, until the last is Shipped.</summary>
internal static class Flow
{
    /// <summary>One trial.</summary>
    public static async Task<Measurement> Measure(
        string name, Target target, Options options, Servers servers, long rowsBefore, CancellationToken stop)
    {
        await using var trial = await Trial.Start(target, options, servers, rowsBefore, stop);
        var before = trial.ReadCpu();
        var report = await trial.Send("flow", options.Orders, rate: 0, stop);
        await trial.WhenAllShipped(stop);
        var after = trial.ReadCpu();
        var lastShipped = (await trial.ShippedTimes("flow", stop)).Max(shipped => shipped.At);
        return await trial.Finish(name, report, options.Orders, lastShipped, before, after, stop);
    }

    /// <summary>The platform, or the platform and the ceiling in turn.</summary>
    public static async Task Run(Options options, Servers servers, Report report, CancellationToken stop)
    {
        Target[] targets = options.AgainstCeiling ? [Target.Platform, Target.Ceiling] : [options.Scenario == "ceiling" ? Target.Ceiling : Target.Platform];
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var target in targets)
                report.Add(await Measure($"{target.ToString().ToLowerInvariant()} {round}", target, options, servers, rowsBefore: 0, stop));
            if (options.AgainstCeiling)
                report.Compare(report.Measurements[^2], report.Measurements[^1]);
        }
    }
}
