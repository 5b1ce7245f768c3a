using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrderPlatform.ServiceDefaults.Health;

internal static class HealthEndpoints
{
    /// <summary>
    /// <c>/health/live</c>: the process answers. <c>/health/requests</c>, for load balancers: it can serve requests (checks tagged
    /// <c>requests</c>). <c>/health/ready</c>: everything that it needs is available (checks tagged <c>ready</c>), including the broker,
    /// whose absence requests survive because events wait in the outbox.
    /// </summary>
    public static void MapHealthEndpoints(this WebApplication app)
    {
        app.MapCheck("/health/live", _ => false);
        app.MapCheck("/health/requests", check => check.Tags.Contains("requests"));
        app.MapCheck("/health/ready", check => check.Tags.Contains("ready"));
    }

    private static void MapCheck(this WebApplication app, string path, Func<HealthCheckRegistration, bool> predicate) => app
        .MapHealthChecks(path, new HealthCheckOptions { Predicate = predicate, ResponseWriter = WriteAsync })
        .DisableHttpMetrics();

    private static Task WriteAsync(HttpContext http, HealthReport report) => http.Response.WriteAsJsonAsync(new HealthBody(
        report.Status,
        report.Entries.ToDictionary(
            entry => entry.Key,
            entry => new CheckBody(entry.Value.Status, entry.Value.Description))));

    private sealed record HealthBody(HealthStatus Status, IReadOnlyDictionary<string, CheckBody> Checks);

    private sealed record CheckBody(HealthStatus Status, string? Description);
}
