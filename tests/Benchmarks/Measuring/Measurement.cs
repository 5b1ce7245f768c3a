using OrderPlatform.Benchmarks.Load;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Measuring;

/// <summary>One run's figures.</summary>
/// <param name="Name">What was run, such as <c>platform 1</c>.</param>
/// <param name="Orders">How many were measured, after the warm-up.</param>
/// <param name="WarmUp">How many were sent before, unmeasured.</param>
/// <param name="AcceptedPerSecond">From the first POST to the last answer.</param>
/// <param name="ShippedPerSecond">From the first POST to the commit that made the last order Shipped.</param>
/// <param name="PostP50">Milliseconds.</param>
/// <param name="PostP99">Milliseconds.</param>
/// <param name="CpuMillisecondsAnOrder">By process, the servers' included; not the load generator's.</param>
/// <param name="GeneratorMillisecondsAnOrder">CPU of the load generator.</param>
/// <param name="OthersPercent">The machine's share for other processes meanwhile: above a few percent, do not trust the run.</param>
/// <param name="PeakMegabytes">The services' highest resident memory.</param>
/// <param name="NotAccepted">Answers other than 201.</param>
/// <param name="Problems">What the consistency check found wrong; empty when nothing is.</param>
internal sealed record Measurement(
    string Name,
    int Orders,
    int WarmUp,
    double AcceptedPerSecond,
    double ShippedPerSecond,
    double PostP50,
    double PostP99,
    IReadOnlyDictionary<string, double> CpuMillisecondsAnOrder,
    double GeneratorMillisecondsAnOrder,
    double OthersPercent,
    IReadOnlyDictionary<string, double> PeakMegabytes,
    IReadOnlyDictionary<string, int> NotAccepted,
    IReadOnlyList<string> Problems)
{
    public double CpuMilliseconds => CpuMillisecondsAnOrder.Values.Sum();

    /// <summary>POST to Shipped, where the load had a rate.</summary>
    public Latencies? ToShipped { get; init; }

    /// <summary>What only one scenario measures, by name.</summary>
    public IReadOnlyDictionary<string, double>? More { get; init; }

    /// <summary>Megabytes by service, one every half second, where a scenario keeps them.</summary>
    public IReadOnlyDictionary<string, List<double>>? Megabytes { get; init; }
}

/// <summary>Milliseconds.</summary>
internal sealed record Latencies(double P50, double P95, double P99, double Max)
{
    public static Latencies Of(IEnumerable<double> milliseconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        return new Latencies(At(0.50), At(0.95), At(0.99), sorted[^1]);

        double At(double share) => Math.Round(sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)], 1);
    }
}

/// <summary>CPU of everything that takes part, at one moment.</summary>
internal sealed record CpuReading(IReadOnlyDictionary<string, double> Seconds, double Generator, double Self, double Machine, DateTime At)
{
    public static CpuReading Take(Services services, Servers servers, LoadProcess load)
    {
        var seconds = Services.Names.ToDictionary(name => name, name => Cpu.OfTree(services.PidOf(name)));
        seconds["PostgreSQL"] = Cpu.OfTree(servers.PostgresPid);
        seconds["RabbitMQ"] = Cpu.OfTree(servers.RabbitMqPid);
        return new CpuReading(seconds, Cpu.OfTree(load.Pid), Environment.CpuUsage.TotalTime.TotalSeconds, Cpu.OfMachine(), DateTime.UtcNow);
    }

    /// <summary>The CPU used since an earlier reading, by process.</summary>
    public Dictionary<string, double> MillisecondsAnOrder(CpuReading before, int orders) =>
        Seconds.ToDictionary(used => used.Key, used => (used.Value - before.Seconds[used.Key]) * 1000 / orders);

    /// <summary>The share of the machine that went to other processes.</summary>
    public double OthersPercent(CpuReading before)
    {
        var ours = Seconds.Values.Sum() - before.Seconds.Values.Sum() + Generator - before.Generator + Self - before.Self;
        return Math.Max(0, Machine - before.Machine - ours) / ((At - before.At).TotalSeconds * Environment.ProcessorCount) * 100;
    }
}
