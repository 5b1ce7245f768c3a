namespace OrderPlatform.Observability.Tests;

/// <summary>Sends the dashboards' queries to a Prometheus that monitors the working platform: each must return data.</summary>
public sealed class QueryTests(Monitoring monitoring) : MonitoredTest(monitoring)
{
    /// <summary>The scrape interval of these tests' Prometheus.</summary>
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(1);

    /// <summary>Long enough for orders to be cancelled between confirmation and dispatch.</summary>
    private static readonly TimeSpan CarrierDelay = TimeSpan.FromMilliseconds(300);

    private Traffic? traffic;

    public static TheoryData<string> Dashboard => [.. Dashboards.Names];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Platform.SetCarrier(CarrierDelay);
        traffic = new Traffic(Shop);
    }

    protected override async Task EndTest()
    {
        if (traffic is not null)
            await traffic.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Dashboard))]
    public async Task Every_query_of_a_dashboard_returns_numbers(string name)
    {
        foreach (var (panel, expression) in Dashboards.Queries(name))
            await Eventually.Is(async () => (await Numbers(expression)).Count > 0, $"'{panel}' has data: {expression}");
    }

    [Fact]
    public async Task Every_row_of_a_table_has_numbers_in_all_its_columns()
    {
        var tables = Dashboards.Names.SelectMany(Dashboards.Panels)
            .Where(panel => panel.GetProperty("type").GetString() == "table")
            .ToArray();

        Assert.NotEmpty(tables);
        foreach (var columns in tables.Select(table => Dashboards.Queries(table).ToArray()))
        {
            foreach (var other in columns.Skip(1))
            {
                await Eventually.Is(
                    async () => await Rows(columns[0]) is { Count: > 0 } rows && rows.IsSubsetOf(await Rows(other)),
                    $"every row with '{columns[0]}' has '{other}' as well");
            }
        }
    }

    [Fact]
    public async Task Every_metric_in_dashboards_and_rules_exists()
    {
        var expressions = Dashboards.Names.SelectMany(Dashboards.Queries).Select(query => query.Expression)
            .Concat((await Prometheus.Rules()).Select(rule => rule.Query));
        var metrics = expressions.SelectMany(PromQl.MetricsOf).Distinct().Where(metric => metric != "ALERTS").ToArray();

        Assert.Contains("messaging_handled_total", metrics);
        foreach (var metric in metrics)
            await Eventually.Is(async () => (await Prometheus.Metrics()).Contains(metric), $"{metric} is there");
    }

    [Fact]
    public Task Every_rule_is_evaluated_without_an_error() =>
        Eventually.Is(async () => (await Prometheus.Rules()).All(rule => rule.Health == "ok"));

    /// <summary>The rows that Grafana makes of an answer: one for each combination of labels, the metric's name among them.</summary>
    private async Task<HashSet<string>> Rows(string expression) =>
    [
        .. from sample in await Numbers(expression)
           select string.Join(", ", sample.Labels.OrderBy(label => label.Key, StringComparer.Ordinal)),
    ];

    private async Task<IReadOnlyList<Sample>> Numbers(string expression) =>
        [.. (await Prometheus.Query(PromQl.AsSent(expression, ScrapeInterval))).Where(sample => !double.IsNaN(sample.Value))];
}
