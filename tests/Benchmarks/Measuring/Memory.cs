using System.Globalization;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Measuring;

/// <summary>Resident memory, in megabytes.</summary>
internal static class Memory
{
    /// <summary>The peak since the process began.</summary>
    public static double Peak(int pid) => Status(pid, "VmHWM:");

    public static double Now(int pid) => Status(pid, "VmRSS:");

    /// <summary>The peaks of the services.</summary>
    public static Dictionary<string, double> Peaks(Services services) =>
        Services.Names.ToDictionary(name => name, name => Peak(services.PidOf(name)));

    private static double Status(int pid, string name) =>
        double.Parse(
            File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ')[^2],
            CultureInfo.InvariantCulture) / 1024;
}

/// <summary>Samples the resident memory of the services until it is disposed.</summary>
internal sealed class MemorySampler : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource end = new();
    private readonly Task sampling;

    public MemorySampler(Services services) => sampling = Sample(services);

    /// <summary>Megabytes by service, one every half second.</summary>
    public Dictionary<string, List<double>> Samples { get; } = Services.Names.ToDictionary(name => name, _ => new List<double>());

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await sampling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        end.Dispose();
    }

    private async Task Sample(Services services)
    {
        while (true)
        {
            foreach (var name in Services.Names)
                Samples[name].Add(Math.Round(Memory.Now(services.PidOf(name)), 1));
            await Task.Delay(Interval, end.Token);
        }
    }
}
