using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Prometheus;

namespace OrderPlatform.ServiceDefaults;

internal static class ServiceMetrics
{
    /// <summary>Chosen, because each measurement costs time and each series memory, here and in Prometheus.</summary>
    private static readonly string[] Meters =
    [
        "OrderPlatform.", "MassTransit/", "Npgsql/", "Polly/", "System.Runtime/", "System.Net.Http/http.client.request.duration",
        "Microsoft.AspNetCore.Server.Kestrel/kestrel.", "Microsoft.AspNetCore.Diagnostics/",
    ];

    /// <summary>A registry of the host's own, an <see cref="IMetricFactory"/> for whoever counts, and what every service shows.</summary>
    public static void AddServiceMetrics(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => Metrics.NewCustomRegistry());
        services.TryAddSingleton<IMetricFactory>(provider => Metrics.WithCustomRegistry(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<HttpMetrics>();
        services.AddSingleton(provider => new MeterMetrics(
            provider.GetRequiredService<IMetricFactory>(), provider.GetRequiredService<CollectorRegistry>(), Meters));
    }

    /// <summary>
    /// Counts from now on, and shows it at <c>/metrics</c>. Comes first: what handles exceptions decides how a request is answered.
    /// </summary>
    public static void MapServiceMetrics(this WebApplication app)
    {
        var registry = app.Services.GetRequiredService<CollectorRegistry>();
        DotNetStats.Register(registry);
        app.Services.GetRequiredService<MeterMetrics>();
        HttpMetrics.Use(app);
        app.MapMetrics(registry: registry).DisableHttpMetrics();
    }
}
