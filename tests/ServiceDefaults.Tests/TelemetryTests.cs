using System.Diagnostics;
using System.Diagnostics.Metrics;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests;

public class TelemetryTests(TestApp app) : IClassFixture<TestApp>
{
    private static readonly Meter Own = new("OrderPlatform.Tests");
    private static readonly Meter Foreign = new("Somebody.Else");

    [Fact]
    public async Task Exposes_the_meters_of_the_platform_and_of_what_it_is_built_on()
    {
        Own.CreateCounter<long>("parcels").Add(3, new KeyValuePair<string, object?>("speed", "nextDay"));
        Own.CreateHistogram<double>("delay", "s").Record(0.02);
        Foreign.CreateCounter<long>("noise").Add(1);
        await app.Get("/parcels?limit=1");

        var metrics = (await app.Get("/metrics")).Body;

        Assert.Contains("""orderplatform_tests_parcels{speed="nextDay"} 3""", metrics, StringComparison.Ordinal);
        Assert.Contains("""orderplatform_tests_delay_bucket{le="0.025"} 1""", metrics, StringComparison.Ordinal);
        Assert.Matches("""http_server_request_duration_count\{[^}]*http_route="/parcels"[^}]*\} [1-9]""", metrics);
        Assert.Contains("system_runtime_dotnet_gc_collections", metrics, StringComparison.Ordinal);
        Assert.Contains("process_start_time_seconds", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("noise", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Does_not_measure_probes_and_scrapes()
    {
        await app.Get("/health/live");
        await app.Get("/swagger/v1/swagger.json");

        var metrics = (await app.Get("/metrics")).Body;

        Assert.DoesNotContain("""http_route="/health""", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("""http_route="/swagger""", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("""http_route="/metrics""", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public void Carries_traces_on_without_recording_them_when_there_is_nowhere_to_send_them()
    {
        using var source = new ActivitySource("OrderPlatform.Messaging");
        const string Sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        Assert.True(ActivityContext.TryParse(Sender, null, isRemote: true, out var sender));

        using var span = source.StartActivity("handle", ActivityKind.Consumer, sender);

        Assert.Equal(sender.TraceId, span?.TraceId);
        Assert.False(span!.Recorded);
    }
}
