namespace OrderPlatform.EndToEnd.Tests;

[Collection(nameof(TracedPlatform))]
public sealed class MetricsTests(TracedPlatform traced) : PlatformTest(traced.Platform)
{
    private static readonly string[] Faults =
    [
        "messaging_handler_failures_total", "messaging_retries_total", "messaging_dead_letters_total", "messaging_redrives_total",
        "messaging_dead_letters",
    ];

    /// <summary>
    /// Otherwise a series would begin with its first fault, have no rate then, and no alert would notice that fault. No test on this platform
    /// causes a fault.
    /// </summary>
    [Fact]
    public async Task A_fault_that_has_never_occurred_counts_as_0()
    {
        foreach (var service in Platform.Services)
        {
            string[] metrics = service == Shipping ? [.. Faults, "shipping_carrier_calls_total"] : Faults;
            foreach (var metric in metrics)
            {
                IReadOnlyList<double> counts = [];
                await Eventually.Is(
                    async () => (counts = await Values(service, metric)).Count > 0, $"{service.Name} shows {metric}");
                Assert.All(counts, count => Assert.Equal(0, count));
            }
        }

        var carrier = (await Scrape.Of(Shipping.Http, Shipping.Http.BaseAddress!)).Labels("shipping_carrier_calls_total");
        Assert.Superset(new HashSet<string> { "failed", "refused", "timeout" }, carrier["outcome"].ToHashSet());
    }

    /// <summary>
    /// The values of all series of a metric, except those of calls that succeeded. A gauge is not a number before its first sample.
    /// </summary>
    private static async Task<IReadOnlyList<double>> Values(Service service, string metric)
    {
        var scrape = await Scrape.Of(service.Http, service.Http.BaseAddress!);
        return
        [
            .. scrape.Series.Where(series => series.Split('{')[0] == metric)
                .Where(series => !series.Contains("outcome=\"accepted\"", StringComparison.Ordinal))
                .Select(series => scrape[series]!.Value)
                .Where(double.IsFinite),
        ];
    }
}
