using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using OrderPlatform.Testing;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests;

public sealed partial class MetricsTests : IAsyncLifetime, IDisposable
{
    private readonly TestApp app = new();
    private readonly Meter own = new("OrderPlatform.Tests");
    private readonly Meter foreign = new("Somebody.Else");

    public ValueTask InitializeAsync() => app.InitializeAsync();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    public void Dispose()
    {
        own.Dispose();
        foreign.Dispose();
    }

    [Fact]
    public async Task Counts_and_times_requests_by_route_method_and_status()
    {
        await app.Get("/parcels?limit=1");
        await app.Get("/parcels?limit=2");
        await app.Get($"/parcels/{Guid.NewGuid()}");

        Assert.Equal(2, await Value("""http_requests_received_total{code="200",method="GET",endpoint="/parcels"}"""));
        Assert.Equal(1, await Value("""http_requests_received_total{code="404",method="GET",endpoint="/parcels/{id:guid}"}"""));
        Assert.Equal(2, await Value("""http_request_duration_seconds_count{code="200",method="GET",endpoint="/parcels"}"""));
        Assert.Equal(0, await Value("http_requests_in_progress"));
    }

    [Theory]
    [InlineData("bug", 500)]
    [InlineData("shutting-down", 503)]
    public async Task A_request_that_threw_counts_for_its_route_with_the_status_of_its_answer(string failure, int status)
    {
        await app.Get($"/failure/{failure}");

        Assert.Equal(1, await Value($$"""http_requests_received_total{code="{{status}}",method="GET",endpoint="/failure/{kind}"}"""));
    }

    [Fact]
    public async Task Every_answer_that_a_route_documents_is_there_before_the_first_request()
    {
        await Eventually.Is(async () =>
            await Value("""http_requests_received_total{code="404",method="GET",endpoint="/parcels/{id:guid}"}""") is 0);

        Assert.Equal(0, await Value("""http_requests_received_total{code="500",method="POST",endpoint="/parcels"}"""));
        Assert.Equal(0, await Value("""http_requests_received_total{code="503",method="POST",endpoint="/parcels"}"""));
        Assert.Equal(0, await Value("""http_request_duration_seconds_count{code="503",method="POST",endpoint="/parcels"}"""));
    }

    [Fact]
    public async Task Nothing_that_a_caller_makes_up_becomes_a_label()
    {
        for (var i = 0; i < 10; i++)
        {
            await app.Get($"/no-such-page-{i}");
            await app.Get($"/parcels/{Guid.NewGuid()}");
            await app.Send(new HttpRequestMessage(new HttpMethod($"MADEUP{i}"), "/parcels"));
        }

        var requests = (await Series()).Keys
            .Where(series => series.StartsWith("http_requests_received_total", StringComparison.Ordinal))
            .ToArray();

        string[] endpoints = ["/parcels", "/parcels/{id:guid}", "/weights/{grams}", "/failure/{kind}", "unmatched"];
        string[] methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
        Assert.All(requests, series => Assert.Contains(LabelOf(series, "endpoint"), endpoints));
        Assert.All(requests, series => Assert.Contains(LabelOf(series, "method"), methods));
        Assert.Equal(10, await Value("""http_requests_received_total{code="404",method="GET",endpoint="unmatched"}"""));
    }

    [Fact]
    public async Task Does_not_measure_probes_and_scrapes()
    {
        await app.Get("/health/live");
        await app.Get("/swagger/v1/swagger.json");
        await app.Get("/metrics");

        var endpoints = (await Series()).Keys
            .Where(series => series.StartsWith("http_", StringComparison.Ordinal))
            .Select(series => LabelOf(series, "endpoint"));

        Assert.DoesNotContain(endpoints, endpoint => endpoint is not null && (endpoint.StartsWith("/health", StringComparison.Ordinal)
            || endpoint.StartsWith("/swagger", StringComparison.Ordinal) || endpoint.StartsWith("/metrics", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Meters_are_shown_under_the_names_and_types_of_Prometheus()
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
    public async Task A_tag_that_turns_out_to_be_an_id_does_not_fill_the_memory()
    {
        var counter = own.CreateCounter<long>("visits");
        for (var i = 0; i < 1000; i++)
            counter.Add(1, new KeyValuePair<string, object?>("visitor", i));

        Assert.Equal(200, (await Series()).Keys.Count(series => series.StartsWith("visits_total", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_meter_that_can_not_be_shown_does_not_fail_its_owner()
    {
        own.CreateCounter<long>("http.requests.in.progress").Add(-5);
        own.CreateObservableGauge("broken", int () => throw new InvalidOperationException("broken"));
        own.CreateHistogram<int>("http.requests.received.total").Record(1);

        Assert.Equal(System.Net.HttpStatusCode.OK, (await app.Get("/metrics")).Status);
    }

    [Fact]
    public async Task Tells_how_process_and_runtime_are()
    {
        var series = await Series();

        Assert.Contains("process_start_time_seconds", series.Keys);
        Assert.Contains("process_cpu_seconds_total", series.Keys);
        Assert.Contains("""dotnet_gc_collections_total{gc_heap_generation="gen0"}""", series.Keys);
        Assert.Contains("dotnet_thread_pool_thread_count", series.Keys);
        Assert.Contains("dotnet_thread_pool_queue_length", series.Keys);
        Assert.Contains(series.Keys, name => name.StartsWith("kestrel_active_connections", StringComparison.Ordinal));
    }

    private async Task<double> Value(string series) => (await Series()).GetValueOrDefault(series, double.NaN);

    private async Task<Dictionary<string, double>> Series() => (await app.Get("/metrics")).Body.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => (Split: line.LastIndexOf(' '), Line: line))
        .ToDictionary(
            line => line.Line[..line.Split],
            line => double.Parse(line.Line[(line.Split + 1)..], System.Globalization.CultureInfo.InvariantCulture));

    private static string? LabelOf(string series, string label) =>
        Labels().Matches(series).FirstOrDefault(match => match.Groups[1].Value == label)?.Groups[2].Value;

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Labels();
}
