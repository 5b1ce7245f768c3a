using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Prometheus;

namespace OrderPlatform.ServiceDefaults.Telemetry;

internal static class ServiceMetrics
{
    /// <summary>Only a selection: each measurement costs time, and each series costs memory here and in Prometheus.</summary>
    private static readonly string[] Meters =
    [
        "OrderPlatform.", "MassTransit/", "Npgsql/", "Polly/", "System.Runtime/", "System.Net.Http/http.client.request.duration",
        "Microsoft.AspNetCore.Hosting/", "Microsoft.AspNetCore.Server.Kestrel/kestrel.", "Microsoft.AspNetCore.Diagnostics/",
    ];

    /// <summary>Adds a registry for this host alone, its <see cref="IMetricFactory"/>, and the meters of .NET and libraries.</summary>
    public static void AddServiceMetrics(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => Metrics.NewCustomRegistry());
        services.TryAddSingleton<IMetricFactory>(provider => Metrics.WithCustomRegistry(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton(provider => new MeterMetrics(
            provider.GetRequiredService<IMetricFactory>(),
            provider.GetRequiredService<CollectorRegistry>(),
            provider.GetRequiredService<IMeterFactory>(),
            Meters));
    }

    /// <summary>Starts to measure, and maps <c>/metrics</c>.</summary>
    public static void MapServiceMetrics(this WebApplication app)
    {
        var registry = app.Services.GetRequiredService<CollectorRegistry>();
        var meters = app.Services.GetRequiredService<MeterMetrics>();
        DotNetStats.Register(registry);
        app.Lifetime.ApplicationStarted.Register(() => HttpRequests.StartAtZero(((IEndpointRouteBuilder)app).DataSources, meters));
        app.MapMetrics(registry: registry).DisableHttpMetrics();
    }
}
