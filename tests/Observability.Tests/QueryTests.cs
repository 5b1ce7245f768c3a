namespace OrderPlatform.Observability.Tests;

/// <summary>That dashboards have something to show: their queries, sent to a Prometheus that watches the platform at work.</summary>
public sealed class QueryTests(Monitoring monitoring) : MonitoredTest(monitoring)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Dashboard => [.. Dashboards.Names];

    [Theory]
    [MemberData(nameof(Dashboard))]
    public async Task Every_query_of_a_dashboard_returns_numbers(string name)
    {
        await using var traffic = new Traffic(Shop);

        foreach (var (panel, expression) in Dashboards.Queries(name))
        {
            await Eventually.Is(
                async () => (await Prometheus.Query(PromQl.AsSent(expression))).Any(sample => !double.IsNaN(sample.Value)),
                Patience,
                $"'{panel}' has data: {expression}");
        }
    }

    [Fact]
    public async Task Every_row_of_a_table_has_all_its_columns()
    {
        await using var traffic = new Traffic(Shop);
        var tables = Dashboards.Names.SelectMany(Dashboards.Panels).Where(panel => panel.GetProperty("type").GetString() == "table").ToArray();

        Assert.NotEmpty(tables);
        foreach (var columns in tables.Select(table => Dashboards.Queries(table).ToArray()))
        {
            foreach (var other in columns.Skip(1))
            {
                await Eventually.Is(
                    async () => await Rows(columns[0]) is { Count: > 0 } rows && rows.IsSubsetOf(await Rows(other)),
                    Patience,
                    $"what has '{columns[0]}' has '{other}' as well");
            }
        }
    }

    [Fact]
    public async Task Every_metric_that_dashboards_and_rules_ask_for_is_there()
    {
        await using var traffic = new Traffic(Shop);
        var expressions = Dashboards.Names.SelectMany(Dashboards.Queries).Select(query => query.Expression)
            .Concat((await Prometheus.Rules()).Select(rule => rule.Query));
        var metrics = expressions.SelectMany(PromQl.MetricsOf).Distinct().Where(metric => metric != "ALERTS").ToArray();

        Assert.Contains("messaging_handled_total", metrics);
        foreach (var metric in metrics)
            await Eventually.Is(async () => (await Prometheus.Metrics()).Contains(metric), Patience, $"{metric} is there");
    }

    [Fact]
    public Task Every_rule_is_evaluated_without_an_error() =>
        Eventually.Is(async () => (await Prometheus.Rules()).All(rule => rule.Health == "ok"), Patience);

    /// <summary>The rows that Grafana makes of a query's answer: one for each combination of labels but the metric's name.</summary>
    private async Task<HashSet<string>> Rows(string expression) =>
    [
        .. (await Prometheus.Query(expression)).Select(sample => string.Join(
            ", ", sample.Labels.Where(label => label.Key != "__name__").OrderBy(label => label.Key, StringComparer.Ordinal))),
    ];
}
