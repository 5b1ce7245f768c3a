using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

public sealed class RetentionMetricsTests
{
    private readonly MovableClock clock = new();

    [Fact]
    public async Task Progress_counts_as_success_unless_a_run_has_failed()
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        var metrics = new RetentionMetrics(Prometheus.Metrics.WithCustomRegistry(registry), clock);
        using var service = new ServiceCollection().AddSingleton(registry).BuildServiceProvider();

        metrics.Progressed();
        var progressed = await Stamped();
        clock.Advance(TimeSpan.FromHours(7));
        metrics.Failed();
        metrics.Progressed();
        var failed = await Stamped();
        metrics.Succeeded();
        var succeeded = await Stamped();
        clock.Advance(TimeSpan.FromHours(7));
        metrics.Progressed();

        Assert.Equal(progressed, failed);
        var most = (7 * 3600) + Eventually.Guard.TotalSeconds;
        Assert.InRange(succeeded - failed, 7 * 3600, most);
        Assert.InRange((await Stamped()) - succeeded, 7 * 3600, most);

        async Task<double> Stamped() =>
            (await Scrape.Of(service))["messaging_retention_last_success_timestamp_seconds"]!.Value;
    }
}
