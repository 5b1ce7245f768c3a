using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrderPlatform.ServiceDefaults;

internal static class Health
{
    /// <summary>
    /// Live: the process answers. Requests: it can take some (the checks tagged <c>requests</c>), which is what a load balancer asks.
    /// Ready: so does everything it needs (the checks tagged <c>ready</c>), the broker too, for which events can wait in the outbox.
    /// </summary>
    public static void MapServiceHealth(this WebApplication app)
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

    /// <param name="Status">Of this check alone.</param>
    /// <param name="Description">What holds or is missing, in the words of the check.</param>
    private sealed record CheckBody(HealthStatus Status, string? Description);
}
