using System.Globalization;
using System.Runtime.InteropServices;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Measuring;

/// <summary>Where and with what a figure was measured.</summary>
internal sealed record Machine(
    string Processor,
    int Cores,
    double MemoryGigabytes,
    string Kernel,
    string Runtime,
    string PostgreSql,
    string RabbitMq,
    string Durability,
    string Commit,
    double LoadBefore)
{
    public static async Task<Machine> Describe(Servers servers, CancellationToken stoppingToken) => new(
        Field("/proc/cpuinfo", "model name"),
        Environment.ProcessorCount,
        Math.Round(double.Parse(Field("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / 1024 / 1024, 1),
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        RuntimeInformation.FrameworkDescription,
        await servers.PostgresVersion(stoppingToken),
        await servers.RabbitMqVersion(stoppingToken),
        await servers.Durability(stoppingToken),
        Environment.GetEnvironmentVariable("BENCH_COMMIT") ?? "unknown",
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));

    private static string Field(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
}
