using System.Text.Json;

namespace OrderPlatform.Testing;

/// <summary>The dashboards of <c>deploy/grafana</c>, as files.</summary>
public static class Dashboards
{
    /// <summary>The first one is Grafana's home page.</summary>
    public static readonly string[] Names = ["business", "event-flow", "services"];

    public static JsonElement Read(string name) => JsonDocument.Parse(Deployed.Text("grafana", "dashboards", $"{name}.json")).RootElement;

    /// <summary>All panels except the rows that group them.</summary>
    public static IReadOnlyList<JsonElement> Panels(string name) =>
        [.. Read(name).GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row")];

    /// <summary>All queries, with the panels they belong to.</summary>
    public static IEnumerable<(string Panel, string Expression)> Queries(string name) =>
        Panels(name).SelectMany(panel => Queries(panel), (panel, expression) => (panel.GetProperty("title").GetString()!, expression));

    /// <summary>The queries of a panel.</summary>
    public static IEnumerable<string> Queries(JsonElement panel) =>
        panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("expr").GetString()!);
}
