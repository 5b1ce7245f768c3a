using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace OrderPlatform.ServiceDefaults.Telemetry;

/// <summary>The series of .NET's own request metric.</summary>
internal static class HttpRequests
{
    public const string Duration = "http.server.request.duration";

    private const string Method = "http.request.method";
    private const string Route = "http.route";
    private const string Status = "http.response.status_code";

    /// <summary>Any route can answer with these, whether it documents them or not: a bug and a database outage.</summary>
    private static readonly int[] AlwaysPossible = [StatusCodes.Status500InternalServerError, StatusCodes.Status503ServiceUnavailable];

    /// <summary>The tags that become labels. Scheme and protocol version would only multiply the series.</summary>
    public static string[] Labels { get; } = [Method, Route, Status];

    /// <summary>
    /// Creates the series of every documented response. <c>rate()</c> ignores the value that a new series starts with, so without this
    /// Prometheus would miss the first failures of a route.
    /// </summary>
    public static void StartAtZero(IEnumerable<EndpointDataSource> sources, MeterMetrics meters)
    {
        foreach (var endpoint in sources.SelectMany(source => source.Endpoints).Select(endpoint => endpoint.Metadata))
        {
            if (endpoint.GetMetadata<IDisableHttpMetricsMetadata>() is not null)
                continue;
            var statuses = endpoint.GetOrderedMetadata<IProducesResponseTypeMetadata>().Select(response => response.StatusCode);
            foreach (var method in endpoint.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            {
                foreach (var status in statuses.Union(AlwaysPossible))
                {
                    meters.StartAtZero(
                        Duration,
                        new(Method, method),
                        new(Status, status),
                        new(Route, endpoint.GetMetadata<IRouteDiagnosticsMetadata>()?.Route));
                }
            }
        }
    }
}
