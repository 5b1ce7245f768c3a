using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace OrderPlatform.Testing;

/// <summary>A service's metrics, as Prometheus scrapes them.</summary>
public sealed partial class Scrape
{
    private readonly Dictionary<string, double> values;

    private Scrape(string text) => values = text.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .ToDictionary(
            line => line[..line.LastIndexOf(' ')],
            line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>Every series, as <c>name{label="value"}</c>.</summary>
    public IReadOnlyCollection<string> Series => values.Keys;

    /// <summary>The value of a series; null when there is none.</summary>
    public double? this[string series] => values.TryGetValue(series, out var value) ? value : null;

    public static async Task<Scrape> Of(IServiceProvider service)
    {
        await using var text = new MemoryStream();
        await service.GetRequiredService<CollectorRegistry>().CollectAndExportAsTextAsync(text);
        return new Scrape(Encoding.UTF8.GetString(text.ToArray()));
    }

    /// <summary>The metrics of a service in another process.</summary>
    /// <exception cref="HttpRequestException">The service does not answer.</exception>
    public static async Task<Scrape> Of(HttpClient http, Uri service) => new(await http.GetStringAsync(new Uri(service, "/metrics")));

    /// <summary>Waits until a series has a value.</summary>
    public static async Task Becomes(IServiceProvider service, string series, double value)
    {
        await Eventually.Is(async () => (await Of(service))[series] == value, description: $"{series} is {value}");
    }

    /// <summary>The labels of a metric's series, with all their values.</summary>
    public IReadOnlyDictionary<string, IReadOnlySet<string>> Labels(string metric)
    {
        var labels = new Dictionary<string, IReadOnlySet<string>>();
        foreach (var series in Series.Where(series => series.Split('{')[0] == metric))
        {
            foreach (Match match in Label().Matches(series))
            {
                if (!labels.TryGetValue(match.Groups[1].Value, out var seen))
                    labels[match.Groups[1].Value] = seen = new HashSet<string>();
                ((HashSet<string>)seen).Add(match.Groups[2].Value);
            }
        }

        return labels;
    }

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Label();
}
