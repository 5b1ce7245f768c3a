using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace OrderPlatform.ServiceDefaults;

internal static class Telemetry
{
    private static readonly PathString[] Unobserved = ["/health", "/metrics", "/swagger"];

    /// <summary>
    /// Traces go to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, sampled as <c>OTEL_TRACES_SAMPLER</c> says. Without an endpoint nothing is
    /// recorded, but the trace context still travels, so that logs of all services carry one trace id.
    /// </summary>
    public static void AddServiceTelemetry(this WebApplicationBuilder builder, string service) => builder.Services
        .AddOpenTelemetry()
        .ConfigureResource(resource => resource.AddService(service))
        .WithTracing(tracing =>
        {
            tracing
                .AddAspNetCoreInstrumentation(http => http.Filter = request => !IsUnobserved(request.Request.Path))
                .AddHttpClientInstrumentation()
                .AddSource("OrderPlatform.Messaging", "Npgsql");
            if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
                tracing.SetSampler(new AlwaysOffSampler());
            else
                tracing.AddOtlpExporter();
        });

    private static bool IsUnobserved(PathString path) => Array.Exists(Unobserved, prefix => path.StartsWithSegments(prefix));
}
