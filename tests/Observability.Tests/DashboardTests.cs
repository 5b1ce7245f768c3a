using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Observability.Tests;

/// <summary>Checks that dashboards can be read by people who did not make them.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] Units = ["ops", "reqps", "s", "percentunit", "bytes", "short", "none"];
    private static readonly string[] InstantPanels = ["stat", "table"];
    private static readonly string[] GraphPanels = ["timeseries", "state-timeline"];

    public static TheoryData<string> Dashboard => [.. Dashboards.Names];

    [Fact]
    public void Grafana_has_their_data_source_and_opens_on_the_first_dashboard()
    {
        Assert.Contains(
            "uid: prometheus\n",
            Deployed.Text("grafana", "provisioning", "datasources", "datasources.yml"),
            StringComparison.Ordinal);
        var folder = Folder().Match(Deployed.Text("grafana", "provisioning", "dashboards", "dashboards.yml")).Groups[1].Value;
        var compose = File.ReadAllText(Deployed.Path("..", "docker-compose.yml"));
        Assert.Contains($"./deploy/grafana/dashboards:{folder}:ro\n", compose, StringComparison.Ordinal);
        Assert.Contains($"DEFAULT_HOME_DASHBOARD_PATH: {folder}/{Dashboards.Names[0]}.json\n", compose, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_dashboard_file_is_listed() => Assert.Equal(
        Dashboards.Names, Deployed.Files("*.json", "grafana", "dashboards").Select(file => Path.GetFileNameWithoutExtension(file)));

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void A_dashboard_has_its_own_uid_and_links_to_the_others(string name)
    {
        var dashboard = Dashboards.Read(name);
        var links = dashboard.GetProperty("links").EnumerateArray().Select(link => link.GetProperty("url").GetString()).ToArray();

        Assert.Equal(name, Text(dashboard, "uid"));
        Assert.NotEmpty(Text(dashboard, "description"));
        Assert.All(Dashboards.Names.Where(other => other != name), other => Assert.Contains($"/d/{other}", links));
        Assert.Contains("/public/runbooks.txt", links);
    }

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void Every_panel_states_what_it_shows_its_unit_and_its_data_source(string name) =>
        Assert.All(Dashboards.Panels(name), panel =>
        {
            Assert.NotEmpty(Text(panel, "title"));
            Assert.EndsWith(".", Text(panel, "description"), StringComparison.Ordinal);
            Assert.Equal("prometheus", Text(panel.GetProperty("datasource"), "uid"));
            Assert.Contains(Text(panel.GetProperty("fieldConfig").GetProperty("defaults"), "unit"), Units);
        });

    /// <summary>A table needs the last value with its labels as columns, a number the last value, a graph all values.</summary>
    [Theory]
    [MemberData(nameof(Dashboard))]
    public void Every_query_fits_its_type_of_panel(string name) =>
        Assert.All(Dashboards.Panels(name), panel =>
        {
            var targets = panel.GetProperty("targets").EnumerateArray().ToArray();
            var instant = InstantPanels.Contains(Text(panel, "type"));

            Assert.Equal(targets.Length, targets.Select(target => Text(target, "refId")).Distinct().Count());
            Assert.True(instant || GraphPanels.Contains(Text(panel, "type")), $"'{Text(panel, "type")}' is not a known type of panel.");
            Assert.All(targets, target =>
            {
                Assert.Equal(instant, target.TryGetProperty("instant", out var once) && once.GetBoolean());
                Assert.Equal(
                    Text(panel, "type") == "table",
                    target.TryGetProperty("format", out var format) && format.GetString() == "table");
                Assert.True(
                    instant || target.TryGetProperty("legendFormat", out _), $"'{Text(panel, "title")}' has a series without a legend.");
            });
        });

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void Thresholds_start_with_a_base_color_and_rise(string name) =>
        Assert.All(Dashboards.Panels(name).SelectMany(Thresholds), steps =>
        {
            Assert.Equal(JsonValueKind.Null, steps[0].ValueKind);
            var values = steps.Skip(1).Select(step => step.GetDouble()).ToArray();
            Assert.Equal(values.Order(), values);
        });

    /// <summary>Grafana silently ignores an override that matches nothing.</summary>
    [Theory]
    [MemberData(nameof(Dashboard))]
    public void An_override_refers_to_a_series_or_a_column(string name) =>
        Assert.All(Dashboards.Panels(name), panel =>
        {
            var targets = panel.GetProperty("targets").EnumerateArray().ToArray();
            string[] names =
            [
                .. targets.Select(target => $"Value #{Text(target, "refId")}"),
                .. targets.Select(target => target.TryGetProperty("legendFormat", out var legend) ? legend.GetString()! : ""),
            ];
            var matchers = panel.GetProperty("fieldConfig").GetProperty("overrides").EnumerateArray()
                .Select(@override => @override.GetProperty("matcher"));
            Assert.All(matchers, matcher =>
            {
                Assert.Equal("byName", Text(matcher, "id"));
                Assert.Contains(names, known => known == Text(matcher, "options") || known.StartsWith("{{", StringComparison.Ordinal));
            });
        });

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void Panels_have_unique_ids_and_do_not_overlap(string name)
    {
        var panels = Dashboards.Read(name).GetProperty("panels").EnumerateArray().ToArray();
        var cells = panels.Select(panel => panel.GetProperty("gridPos")).SelectMany(Cells).ToArray();

        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(cells.Length, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.X, 0, 23));
    }

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void A_link_to_a_runbook_points_to_its_heading(string name)
    {
        var runbooks = Deployed.Text("prometheus", "README.md").Split('\n');
        var links = Dashboards.Panels(name)
            .Where(panel => panel.TryGetProperty("links", out _))
            .SelectMany(panel => panel.GetProperty("links").EnumerateArray()).ToArray();

        Assert.NotEmpty(links);
        Assert.All(links, link =>
        {
            var alert = Text(link, "title")["Runbook ".Length..];
            Assert.Contains($"## {alert}", runbooks);
            Assert.Equal($"/public/runbooks.txt#:~:text=%23%23%20{alert}", Text(link, "url"));
        });
    }

    /// <summary>The values of the steps of a panel's thresholds: of the panel itself, and of single columns.</summary>
    private static IEnumerable<JsonElement[]> Thresholds(JsonElement panel)
    {
        var config = panel.GetProperty("fieldConfig");
        var all = config.GetProperty("overrides").EnumerateArray()
            .SelectMany(@override => @override.GetProperty("properties").EnumerateArray())
            .Where(property => Text(property, "id") == "thresholds")
            .Select(property => property.GetProperty("value"));
        if (config.GetProperty("defaults").TryGetProperty("thresholds", out var own))
            all = all.Prepend(own);
        return all.Select(thresholds =>
            thresholds.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("value")).ToArray());
    }

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    private static IEnumerable<(int X, int Y)> Cells(JsonElement place)
    {
        int Number(string property) => place.GetProperty(property).GetInt32();
        return from x in Enumerable.Range(Number("x"), Number("w"))
               from y in Enumerable.Range(Number("y"), Number("h"))
               select (x, y);
    }

    /// <summary>Where Grafana looks for dashboards.</summary>
    [GeneratedRegex(@"options: \{ path: (\S+) \}")]
    private static partial Regex Folder();
}
