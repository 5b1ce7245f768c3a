using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Prometheus;

namespace OrderPlatform.ServiceDefaults;

internal static class ServiceMetrics
{
    /// <summary>Chosen, because each measurement costs about a microsecond and each series memory here and in Prometheus.</summary>
    private static readonly string[] Instruments =
    [
        "OrderPlatform.", "MassTransit/", "Npgsql/", "Polly/", "System.Runtime/", "System.Net.Http/http.client.request.duration",
        "Microsoft.AspNetCore.Hosting/", "Microsoft.AspNetCore.Server.Kestrel/", "Microsoft.AspNetCore.Diagnostics/",
    ];

    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Milliseconds = [.. Seconds.Select(seconds => seconds * 1000)];
    private static readonly double[] Counts = Histogram.ExponentialBuckets(1, 4, 10);

    /// <summary>One for the process, as Prometheus' default registry is.</summary>
    private static readonly Lazy<IDisposable> Adapter = new(() =>
    {
        // By itself the adapter would start with the first scrape and miss what came before.
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions
        {
            SuppressMeters = true,
            SuppressEventCounters = true,
            SuppressDebugMetrics = true,
        });
        return MeterAdapter.StartListening(new MeterAdapterOptions
        {
            InstrumentFilterPredicate = instrument =>
                Array.Exists(Instruments, $"{instrument.Meter.Name}/{instrument.Name}".StartsWith),
            ResolveHistogramBuckets = BucketsOf,
            // The longest it allows: what is forgotten while idle leaves gaps in graphs, and the labels here are bounded.
            MetricsExpireAfter = TimeSpan.FromDays(1),
        });
    });

    /// <summary>Starts counting; what was measured before is lost.</summary>
    public static void AddServiceMetrics() => _ = Adapter.Value;

    public static void MapServiceMetrics(this WebApplication app) => app.MapMetrics().DisableHttpMetrics();

    private static double[] BucketsOf(Instrument instrument) =>
        (instrument as Instrument<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? instrument.Unit switch
        {
            "s" => Seconds,
            "ms" => Milliseconds,
            _ => Counts,
        };
}
