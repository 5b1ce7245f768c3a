using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.Testing;

/// <summary>A Prometheus server, queried over its API.</summary>
public sealed class PrometheusServer(Uri address) : IDisposable
{
    private readonly HttpClient http = new HttpClient { BaseAddress = address }.Patient();

    public async Task<bool> IsReady()
    {
        using var response = await http.GetAsync(new Uri("-/ready", UriKind.Relative));
        return response.IsSuccessStatusCode;
    }

    /// <summary>The samples that a query returns now, with their labels.</summary>
    public async Task<IReadOnlyList<Sample>> Query(string expression)
    {
        var data = await Get($"api/v1/query?query={Uri.EscapeDataString(expression)}");
        return data.GetProperty("resultType").GetString() switch
        {
            "scalar" => [new Sample(new Dictionary<string, string>(), Number(data.GetProperty("result")[1]))],
            _ => [.. data.GetProperty("result").EnumerateArray().Select(series =>
                new Sample(Labels(series.GetProperty("metric")), Number(series.GetProperty("value")[1])))],
        };
    }

    /// <summary>All rules, as they were loaded.</summary>
    public async Task<IReadOnlyList<Rule>> Rules()
    {
        var data = await Get("api/v1/rules");
        return [.. data.GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())
            .Select(rule => new Rule(
                rule.GetProperty("name").GetString()!,
                rule.GetProperty("query").GetString()!,
                rule.TryGetProperty("state", out var state) ? state.GetString()! : "recorded",
                rule.GetProperty("health").GetString()!))];
    }

    /// <summary>The names of all scraped and recorded metrics.</summary>
    public async Task<IReadOnlySet<string>> Metrics() =>
        (await Get("api/v1/label/__name__/values")).EnumerateArray().Select(name => name.GetString()!).ToHashSet();

    /// <summary>The current state of a service's alert: inactive, pending or firing.</summary>
    public async Task<string> State(string alert, string service)
    {
        var alerts = await Query($"ALERTS{{alertname=\"{alert}\", service=\"{service}\"}}");
        return alerts.Select(found => found.Labels["alertstate"]).Order(StringComparer.Ordinal).FirstOrDefault() ?? "inactive";
    }

    /// <summary>When a service's alert first entered a state, in Unix seconds; null if it has not, within the last 15 minutes.</summary>
    public async Task<double?> Since(string alert, string service, string state, DateTimeOffset from)
    {
        var series = $"ALERTS{{alertname=\"{alert}\", service=\"{service}\", alertstate=\"{state}\"}}[15m]";
        var data = await Get($"api/v1/query?query={Uri.EscapeDataString(series)}");
        var times = data.GetProperty("result").EnumerateArray()
            .SelectMany(result => result.GetProperty("values").EnumerateArray())
            .Select(sample => sample[0].GetDouble())
            .Where(time => time >= from.ToUnixTimeMilliseconds() / 1000d)
            .ToArray();
        return times.Length > 0 ? times.Min() : null;
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> Get(string path)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        return body.GetProperty("status").GetString() == "success"
            ? body.GetProperty("data")
            : throw new InvalidOperationException($"{Uri.UnescapeDataString(path)}: {body.GetProperty("error").GetString()}");
    }

    private static Dictionary<string, string> Labels(JsonElement metric) =>
        metric.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!);

    private static double Number(JsonElement value) => value.GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var text => double.Parse(text!, CultureInfo.InvariantCulture),
    };
}

/// <param name="Labels">All of the series.</param>
/// <param name="Value">At the time of the query.</param>
public sealed record Sample(IReadOnlyDictionary<string, string> Labels, double Value);

/// <param name="Name">Of the alert, or of the metric that is recorded.</param>
/// <param name="Query">Its expression.</param>
/// <param name="State">inactive, pending or firing; "recorded" for a recording rule.</param>
/// <param name="Health">ok, unknown (not evaluated yet) or err.</param>
public sealed record Rule(string Name, string Query, string State, string Health);
