using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>Orders as fast as they are accepted, until the last is Shipped.</summary>
internal static class Flow
{
    /// <summary>One trial.</summary>
    public static async Task<Measurement> Measure(
        string name, Target target, Options options, Servers servers, long rowsBefore, CancellationToken stoppingToken)
    {
        await using var trial = await Trial.Start(target, options, servers, rowsBefore, stoppingToken);
        return await Measure(name, "flow", trial, options, jobs: [], stoppingToken);
    }

    /// <summary>The platform with each transport in turn; against the ceiling, each round compares each of them with it.</summary>
    public static async Task Run(Options options, Servers servers, Report report, CancellationToken stoppingToken)
    {
        if (options.AgainstJobs)
        {
            await RunAgainstJobs(options, servers, report, stoppingToken);
            return;
        }

        Target[] targets = options switch
        {
            { AgainstCeiling: true } => [.. options.Transports, Target.Ceiling],
            { Scenario: "ceiling" } => [Target.Ceiling],
            _ => [.. options.Transports],
        };
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var target in targets)
                report.Add(await Measure($"{target.Name()} {round}", target, options, servers, rowsBefore: 0, stoppingToken));
            foreach (var (one, target) in report.Measurements.TakeLast(targets.Length).Zip(targets[..^1]))
                report.Compare(target.Name(), one, report.Measurements[^1], targets[^1].Name());
        }
    }

    /// <summary>
    /// With jobs and without, in turn, in one trial: the same processes and databases, within a minute, so that little else
    /// differs between them. Which of them goes first alternates.
    /// </summary>
    private static async Task RunAgainstJobs(Options options, Servers servers, Report report, CancellationToken stoppingToken)
    {
        await using var trial = await Trial.Start(options.Transports[0], options, servers, rowsBefore: 0, stoppingToken);
        for (var round = 1; round <= options.Rounds; round++)
        {
            Measurement? with = null, without = null;
            if (round % 2 == 1)
                with = await With();
            without = await Without();
            with ??= await With();
            report.Compare("platform with jobs", with, without, "platform without");

            async Task<Measurement> With() =>
                Added(await Measure($"with jobs {round}", $"with-jobs-{round}", trial, options, options.Jobs, stoppingToken));

            async Task<Measurement> Without() =>
                Added(await Measure($"without {round}", $"without-{round}", trial, options, jobs: [], stoppingToken));
        }

        Measurement Added(Measurement measurement)
        {
            report.Add(measurement);
            return measurement;
        }
    }

    private static async Task<Measurement> Measure(
        string name, string load, Trial trial, Options options, IReadOnlyList<string> jobs, CancellationToken stoppingToken)
    {
        using var atWork = await Jobs.Start(jobs, trial, stoppingToken);
        var before = trial.ReadCpu();
        var report = await trial.Send(load, options.Orders, rate: 0, stoppingToken);
        await trial.WhenAllShipped(stoppingToken);
        var after = trial.ReadCpu();
        var done = await atWork.Stop(stoppingToken);
        var lastShipped = (await trial.ShippedTimes(load, stoppingToken)).Max(shipped => shipped.At);
        var measurement = await trial.Finish(name, report, options.Orders, lastShipped, before, after, stoppingToken);
        return measurement with { More = done };
    }
}
