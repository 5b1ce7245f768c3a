using System.Text.RegularExpressions;

namespace OrderPlatform.Testing;

/// <summary>Helpers for the text of PromQL queries.</summary>
public static partial class PromQl
{
    /// <summary>A panel's query as Grafana sends it: the rate interval is four scrape intervals.</summary>
    public static string AsSent(string expression, TimeSpan scrapeInterval) =>
        expression.Replace("$__rate_interval", $"{(int)(scrapeInterval * 4).TotalSeconds}s", StringComparison.Ordinal);

    /// <summary>The metrics that a query uses.</summary>
    public static IEnumerable<string> MetricsOf(string expression) =>
        Word().Matches(NoMetric().Replace(expression, " ")).Select(word => word.Value).Distinct();

    /// <summary>Strings, selectors, ranges, label lists, functions and keywords.</summary>
    [GeneratedRegex(
        """
        "[^"]*" | \{[^}]*\} | \[[^\]]*\]
        | (\w+\s+)?\b(by|without)\s*\([^)]*\)
        | \b(on|ignoring|group_left|group_right)\s*\([^)]*\)
        | \w+\s*(?=\()
        | \b(or|and|unless|bool)\b
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex NoMetric();

    [GeneratedRegex(@"\b[a-zA-Z_][\w:]*")]
    private static partial Regex Word();
}
