using System.Text.RegularExpressions;

namespace OrderPlatform.Observability.Tests;

/// <summary>Queries, as text.</summary>
internal static partial class PromQl
{
    /// <summary>Four scrapes, which is what Grafana makes of it when it is told the interval between two.</summary>
    private const string RateInterval = "4s";

    /// <summary>A panel's query as Grafana sends it to the Prometheus of this run.</summary>
    public static string AsSent(string expression) => expression.Replace("$__rate_interval", RateInterval, StringComparison.Ordinal);

    /// <summary>The metrics that a query asks for.</summary>
    public static IEnumerable<string> MetricsOf(string expression) =>
        Word().Matches(NoMetric().Replace(expression, " ")).Select(word => word.Value).Distinct();

    /// <summary>Strings, selections, ranges, lists of labels, functions, and the words of the language.</summary>
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
