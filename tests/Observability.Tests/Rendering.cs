using System.Globalization;
using System.Text.RegularExpressions;

namespace OrderPlatform.Observability.Tests;

/// <summary>
/// The configuration of <c>deploy/prometheus</c>, with the addresses of this run and shortened times: a minute becomes a second, and times
/// of half an hour or more are twenty times shorter still. Every text to be replaced must exist.
/// </summary>
internal static partial class Rendering
{
    /// <summary>Rates need some scrapes in their window, a second apart.</summary>
    private static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(5);

    /// <summary>The longest time an alert is pending: a longer wait would prove nothing more.</summary>
    private static readonly TimeSpan LongestPending = TimeSpan.FromSeconds(3);

    public static string Configuration(string configuration, Addresses addresses)
    {
        var text = configuration;
        Replace("scrape_interval: 15s", "scrape_interval: 1s");
        Replace("scrape_timeout: 10s", "scrape_timeout: 1s");
        Replace("evaluation_interval: 15s", "evaluation_interval: 500ms");
        foreach (var service in addresses.Services)
        {
            Replace(
                $"dns_sd_configs: [{{ names: [{service}], type: A, port: 8080, refresh_interval: 15s }}]",
                $"file_sd_configs: [{{ files: [{service}.json], refresh_interval: 1s }}]");
        }

        Replace("params: { family:", $"params: {{ vhost: [{addresses.Vhost}], family:");
        Replace("rabbitmq:15692", addresses.RabbitMq);
        Replace("postgres-exporter:9187", addresses.PostgresExporter);
        Replace("alertmanager:9093", addresses.Alertmanager);
        Replace("localhost:9090", addresses.Prometheus);
        return text;

        void Replace(string what, string with)
        {
            Assert.Contains(what, text, StringComparison.Ordinal);
            text = text.Replace(what, with, StringComparison.Ordinal);
        }
    }

    public static string Rules(string rules)
    {
        var text = Window().Replace(rules, match => $"[{Seconds(Max(Shorten(match.Groups[1].Value), ShortestWindow))}]");
        text = Pending().Replace(text, match => $"for: {Seconds(Min(Shorten(match.Groups[1].Value), LongestPending))}");
        return Age().Replace(text, match =>
            match.Groups[1].Value + Shorten($"{match.Groups[2].Value}s").TotalSeconds.ToString(CultureInfo.InvariantCulture));
    }

    private static TimeSpan Shorten(string duration)
    {
        var count = int.Parse(duration[..^1], CultureInfo.InvariantCulture);
        var time = duration[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            _ => throw new FormatException($"'{duration}' is not a duration that this test knows."),
        };
        return time / (time < TimeSpan.FromMinutes(30) ? 60 : 1200);
    }

    private static string Seconds(TimeSpan time) => $"{Math.Ceiling(time.TotalSeconds)}s";

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    [GeneratedRegex(@"\[(\d+[smhd])\]")]
    private static partial Regex Window();

    [GeneratedRegex(@"(?<=^ +)for: (\d+[smhd])$", RegexOptions.Multiline)]
    private static partial Regex Pending();

    /// <summary>A comparison of an age or a delay with seconds, at the end of an expression.</summary>
    [GeneratedRegex(@"(_seconds[^<>\n]* [<>] )(\d+)$", RegexOptions.Multiline)]
    private static partial Regex Age();
}

/// <summary>The addresses of this run.</summary>
internal sealed record Addresses(
    IReadOnlyList<string> Services, string Vhost, string RabbitMq, string PostgresExporter, string Alertmanager, string Prometheus);
