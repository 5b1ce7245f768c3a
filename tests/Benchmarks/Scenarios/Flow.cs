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
        using var jobs = target == Target.PlatformWithJobs ? await Jobs.Start(trial, stop) : null;
        var before = trial.ReadCpu();
        var report = await trial.Send("flow", options.Orders, rate: 0, stop);
        await trial.WhenAllShipped(stop);
        var after = trial.ReadCpu();
        var done = jobs is null ? null : await jobs.Stop(stop);
        var lastShipped = (await trial.ShippedTimes("flow", stop)).Max(shipped => shipped.At);
        var measurement = await trial.Finish(name, report, options.Orders, lastShipped, before, after, stop);
        return measurement with { More = done };
    }

    /// <summary>The platform, or two targets in turn: then each round compares the first with the second.</summary>
    public static async Task Run(Options options, Servers servers, Report report, CancellationToken stop)
    {
        Target[] targets = options switch
        {
            { AgainstCeiling: true } => [Target.Platform, Target.Ceiling],
            { AgainstJobs: true } => [Target.PlatformWithJobs, Target.Platform],
            { Scenario: "ceiling" } => [Target.Ceiling],
            _ => [Target.Platform],
        };
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var target in targets)
                report.Add(await Measure($"{target.Name()} {round}", target, options, servers, rowsBefore: 0, stop));
            if (targets is [_, var other])
                report.Compare(report.Measurements[^2], report.Measurements[^1], other.Name());
        }
    }
}
