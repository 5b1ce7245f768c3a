using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace OrderPlatform.ServiceDefaults;

/// <summary>
/// Requests by route, under the names of prometheus-net's own middleware. That one takes any word that a caller sends for a method into a
/// label, loses the route of a request that threw, and knows a series only after its first request.
/// </summary>
internal sealed class HttpMetrics
{
    private const string Unmatched = "unmatched";

    private static readonly FrozenSet<string> Methods =
        FrozenSet.ToFrozenSet(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], StringComparer.Ordinal);

    /// <summary>What any route may answer, whatever it documents: the outage and the bug.</summary>
    private static readonly int[] AlwaysPossible = [StatusCodes.Status500InternalServerError, StatusCodes.Status503ServiceUnavailable];

    private readonly ConcurrentDictionary<(string Endpoint, string Method, int Code), Series> series = [];
    private readonly Counter received;
    private readonly Histogram duration;
    private readonly Gauge inProgress;

    public HttpMetrics(IMetricFactory metrics)
    {
        string[] labels = ["code", "method", "endpoint"];
        received = metrics.CreateCounter("http_requests_received_total", "Requests that were answered.", labels);
        duration = metrics.CreateHistogram(
            "http_request_duration_seconds",
            "From the arrival of a request to the end of its answer.",
            labels,
            new HistogramConfiguration { Buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        inProgress = metrics.CreateGauge("http_requests_in_progress", "Requests that are not answered yet.");
    }

    public static void Use(WebApplication app)
    {
        var metrics = app.Services.GetRequiredService<HttpMetrics>();
        app.Use(metrics.Measure);
        app.Lifetime.ApplicationStarted.Register(() => metrics.ShowAll(((IEndpointRouteBuilder)app).DataSources));
    }

    private async Task Measure(HttpContext http, RequestDelegate next)
    {
        // Whoever handles exceptions forgets the endpoint.
        var endpoint = http.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<IDisableHttpMetricsMetadata>() is not null)
        {
            await next(http);
            return;
        }

        var began = Stopwatch.GetTimestamp();
        inProgress.Inc();
        try
        {
            await next(http);
        }
        finally
        {
            inProgress.Dec();
            var method = Methods.Contains(http.Request.Method) ? http.Request.Method : "other";
            Of(RouteOf(endpoint), method, http.Response.StatusCode).Answered(Stopwatch.GetElapsedTime(began));
        }
    }

    /// <summary>Every answer that a route documents, at 0.</summary>
    private void ShowAll(IEnumerable<EndpointDataSource> sources)
    {
        foreach (var endpoint in sources.SelectMany(source => source.Endpoints))
        {
            if (endpoint.Metadata.GetMetadata<IDisableHttpMetricsMetadata>() is not null)
                continue;
            var codes = endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>().Select(answer => answer.StatusCode);
            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            {
                foreach (var code in codes.Union(AlwaysPossible))
                    Of(RouteOf(endpoint), method, code);
            }
        }
    }

    /// <summary>The template; the root of a group ends with a slash that nobody writes.</summary>
    private static string RouteOf(Endpoint? endpoint) =>
        endpoint is RouteEndpoint { RoutePattern.RawText: { } template } ? $"/{template.Trim('/')}" : Unmatched;

    private Series Of(string endpoint, string method, int code) => series.GetOrAdd(
        (endpoint, method, code),
        static (key, metrics) => new Series(metrics, [key.Code.ToString(CultureInfo.InvariantCulture), key.Method, key.Endpoint]),
        this);

    private sealed class Series(HttpMetrics metrics, string[] labels)
    {
        private readonly Counter.Child received = metrics.received.WithLabels(labels);
        private readonly Histogram.Child duration = metrics.duration.WithLabels(labels);

        public void Answered(TimeSpan after)
        {
            received.Inc();
            duration.Observe(after.TotalSeconds);
        }
    }
}
