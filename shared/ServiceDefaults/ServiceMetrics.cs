using Microsoft.AspNetCore.Builder;
using Prometheus;

namespace OrderPlatform.ServiceDefaults;

internal static class ServiceMetrics
{
    public static void MapServiceMetrics(this WebApplication app) => app.MapMetrics().DisableHttpMetrics();
}
