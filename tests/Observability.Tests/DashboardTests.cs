using System.Text.Json;

namespace OrderPlatform.Observability.Tests;

/// <summary>That somebody who did not make the dashboards can read them.</summary>
public sealed class DashboardTests
{
    public static TheoryData<string> Dashboard => [.. Dashboards.Names];

    [Fact]
    public void There_are_these_dashboards() => Assert.Equal(
        Dashboards.Names, Deployed.Files("*.json", "grafana", "dashboards").Select(file => Path.GetFileNameWithoutExtension(file)));

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void A_dashboard_has_its_name_and_leads_to_the_others(string name)
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
    public void Every_panel_says_what_it_shows_in_which_unit_and_from_where(string name) =>
        Assert.All(Dashboards.Panels(name), panel =>
        {
            Assert.NotEmpty(Text(panel, "title"));
            Assert.EndsWith(".", Text(panel, "description"), StringComparison.Ordinal);
            Assert.Equal("prometheus", Text(panel.GetProperty("datasource"), "uid"));
            Assert.NotEmpty(Text(panel.GetProperty("fieldConfig").GetProperty("defaults"), "unit"));
            Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray());
        });

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void Panels_have_ids_of_their_own_and_do_not_overlap(string name)
    {
        var panels = Dashboards.Read(name).GetProperty("panels").EnumerateArray().ToArray();
        var cells = panels.Select(panel => panel.GetProperty("gridPos")).SelectMany(Cells).ToArray();

        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(cells.Length, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.X, 0, 23));
    }

    [Theory]
    [MemberData(nameof(Dashboard))]
    public void A_link_to_a_runbook_finds_it(string name)
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

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    private static IEnumerable<(int X, int Y)> Cells(JsonElement place)
    {
        int Number(string property) => place.GetProperty(property).GetInt32();
        return from x in Enumerable.Range(Number("x"), Number("w"))
               from y in Enumerable.Range(Number("y"), Number("h"))
               select (x, y);
    }
}
