using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using OrderPlatform.Testing;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Telemetry;

public sealed partial class MetricsTests : IAsyncLifetime, IDisposable
{
    private readonly TestApp app = new();
    private readonly Meter own = new("OrderPlatform.Tests");
    private readonly Meter foreign = new("Other.Library");

    public ValueTask InitializeAsync() => app.InitializeAsync();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    public void Dispose()
    {
        own.Dispose();
        foreign.Dispose();
    }

    [Fact]
    public async Task Times_requests_by_route_method_and_status()
    {
        await app.Get("/parcels?limit=1");
        await app.Get("/parcels?limit=2");
        await app.Get($"/parcels/{Guid.NewGuid()}");

        await Becomes(Requests("GET", 200, "/parcels"), 2);
        await Becomes(Requests("GET", 404, "/parcels/{id:guid}"), 1);
        Assert.Contains(
            """http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200","""
            + """http_route="/parcels",le="0.25"}""",
            (await Series()).Keys);
    }

    [Fact]
    public async Task Counts_the_requests_in_progress() =>
        Assert.Equal(1, await Value("""http_server_active_requests{http_request_method="GET",url_scheme="http"}"""));

    [Theory]
    [InlineData("bug", 500)]
    [InlineData("shutting-down", 503)]
    public async Task A_failed_request_is_counted_under_its_route_and_response_status(string failure, int status)
    {
        await app.Get($"/failure/{failure}");

        await Becomes(Requests("GET", status, "/failure/{kind}"), 1);
    }

    [Fact]
    public async Task Every_documented_response_is_exported_as_0_before_the_first_request()
    {
        await Becomes(Requests("GET", 404, "/parcels/{id:guid}"), 0);

        Assert.Equal(0, await Value(Requests("POST", 500, "/parcels")));
        Assert.Equal(0, await Value(Requests("POST", 503, "/parcels")));
        Assert.Equal(0, await Value(Requests("PUT", 422, "/parcels/{id:guid}/label")));
    }

    [Fact]
    public async Task No_label_takes_a_value_that_a_client_invents()
    {
        for (var i = 0; i < 10; i++)
        {
            await app.Get($"/no-such-page-{i}");
            await app.Get($"/parcels/{Guid.NewGuid()}");
            await app.Send(new HttpRequestMessage(new HttpMethod($"MADEUP{i}"), "/parcels"));
        }

        await Becomes("""http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404"}""", 10);
        await Becomes("""http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="405"}""", 10);
        var requests = (await Series()).Keys
            .Where(series => series.StartsWith("http_server_", StringComparison.Ordinal))
            .ToArray();
        string?[] routes = [null, "/parcels", "/parcels/{id:guid}", "/parcels/{id:guid}/label", "/weights/{grams}", "/failure/{kind}"];
        string[] methods = ["GET", "POST", "PUT", "_OTHER"];
        Assert.All(requests, series => Assert.Contains(LabelOf(series, "http_route"), routes));
        Assert.All(requests, series => Assert.Contains(LabelOf(series, "http_request_method"), methods));
    }

    [Fact]
    public async Task Does_not_measure_probes_and_scrapes()
    {
        await app.Get("/health/live");
        await app.Get("/swagger/v1/swagger.json");
        await app.Get("/metrics");
        await app.Get("/parcels");
        await Becomes(Requests("GET", 200, "/parcels"), 1);

        var routes = (await Series()).Keys
            .Where(series => series.StartsWith("http_", StringComparison.Ordinal))
            .Select(series => LabelOf(series, "http_route"));

        Assert.DoesNotContain(routes, route => route is not null && (route.StartsWith("/health", StringComparison.Ordinal)
            || route.StartsWith("/swagger", StringComparison.Ordinal) || route.StartsWith("/metrics", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Does_not_measure_requests_to_another_host_in_the_process()
    {
        await using var other = new TestApp();
        await other.InitializeAsync();

        await other.Get("/parcels");
        await Becomes(other, Requests("GET", 200, "/parcels"), 1);

        Assert.Equal(0, await Value(Requests("GET", 200, "/parcels")));
    }

    [Fact]
    public async Task Exports_meters_under_the_names_and_types_of_Prometheus()
    {
        own.CreateCounter<long>("parcels.sent").Add(3, new KeyValuePair<string, object?>("parcel.speed", "nextDay"));
        own.CreateHistogram<double>("delay", "s").Record(0.02);
        own.CreateHistogram<double>("old.delay", "ms").Record(20);
        own.CreateUpDownCounter<int>("open.boxes").Add(-2);
        own.CreateObservableCounter("network.bytes.written", () => 7L, "By");
        own.CreateCounter<long>("requests.active").Add(-1);
        foreign.CreateCounter<long>("noise").Add(1);

        var text = (await app.Get("/metrics")).Body;

        Assert.Equal(3, await Value("""parcels_sent_total{parcel_speed="nextDay"}"""));
        Assert.Contains("# TYPE parcels_sent_total counter", text, StringComparison.Ordinal);
        Assert.Equal(1, await Value("""delay_seconds_bucket{le="0.025"}"""));
        Assert.Equal(0.02, await Value("old_delay_seconds_sum"), 9);
        Assert.Equal(-2, await Value("open_boxes"));
        Assert.Equal(7, await Value("network_bytes_written_total"));
        Assert.Equal(-1, await Value("requests_active"));
        Assert.DoesNotContain("noise", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_the_number_of_series_when_a_tag_is_an_id()
    {
        var counter = own.CreateCounter<long>("visits");
        for (var i = 0; i < 1000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("visitor", i));

        Assert.Equal(500, (await Series()).Keys.Count(series => series.StartsWith("visits_total", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_meter_that_cannot_be_exported_does_not_fail_its_owner()
    {
        own.CreateCounter<long>("decreasing").Add(-5);
        own.CreateObservableGauge("broken", int () => throw new InvalidOperationException("broken"));
        own.CreateHistogram<int>("http.server.active.requests").Record(1);

        Assert.Equal(System.Net.HttpStatusCode.OK, (await app.Get("/metrics")).Status);
    }

    [Fact]
    public async Task Exports_the_metrics_of_process_and_runtime()
    {
        var series = await Series();

        Assert.Contains("process_start_time_seconds", series.Keys);
        Assert.Contains("process_cpu_seconds_total", series.Keys);
        Assert.Contains("""dotnet_gc_collections_total{gc_heap_generation="gen0"}""", series.Keys);
        Assert.Contains("dotnet_thread_pool_thread_count", series.Keys);
        Assert.Contains("dotnet_thread_pool_queue_length", series.Keys);
        Assert.Contains(series.Keys, name => name.StartsWith("kestrel_active_connections", StringComparison.Ordinal));
    }

    private Task<double> Value(string series) => Value(app, series);

    private Task<Dictionary<string, double>> Series() => Series(app);

    private static async Task<double> Value(TestApp app, string series) => (await Series(app)).GetValueOrDefault(series, double.NaN);

    private static async Task<Dictionary<string, double>> Series(TestApp app) => (await app.Get("/metrics")).Body.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => (Split: line.LastIndexOf(' '), Line: line))
        .ToDictionary(
            line => line.Line[..line.Split],
            line => double.Parse(line.Line[(line.Split + 1)..], System.Globalization.CultureInfo.InvariantCulture));

    private static string? LabelOf(string series, string label) =>
        Labels().Matches(series).FirstOrDefault(match => match.Groups[1].Value == label)?.Groups[2].Value;

    private static string Requests(string method, int status, string route) =>
        $$"""http_server_request_duration_seconds_count{http_request_method="{{method}}",http_response_status_code="{{status}}","""
        + $$"""http_route="{{route}}"}""";

    private Task Becomes(string series, double value) => Becomes(app, series, value);

    /// <summary>A request is measured after its response has been sent, so a client may be faster.</summary>
    private static Task Becomes(TestApp app, string series, double value) =>
        Eventually.Is(async () => await Value(app, series) == value);

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Labels();
}
