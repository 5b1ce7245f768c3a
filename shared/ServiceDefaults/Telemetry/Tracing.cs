using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace OrderPlatform.ServiceDefaults.Telemetry;

internal static class Tracing
{
    private const string Database = "Npgsql";

    private static readonly PathString[] Unobserved = ["/health", "/metrics", "/swagger"];

    /// <summary>
    /// Sends traces to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, sampled by <c>OTEL_TRACES_SAMPLER</c>. Without an endpoint nothing is recorded,
    /// but the trace context still travels, so that the logs of all services share one trace id.
    /// </summary>
    public static void AddServiceTracing(this WebApplicationBuilder builder, string service) => builder.Services
        .AddOpenTelemetry()
        .ConfigureResource(resource => resource.AddService(service))
        .WithTracing(tracing =>
        {
            tracing
                .AddAspNetCoreInstrumentation(http => http.Filter = request => !IsUnobserved(request.Request.Path))
                .AddSource("OrderPlatform.Messaging");
            if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
                tracing.SetSampler(new AlwaysOffSampler());
            else
                tracing.AddHttpClientInstrumentation().AddSource(Database).AddProcessor(new WithoutPolling()).AddOtlpExporter();
        });

    private static bool IsUnobserved(PathString path) => Array.Exists(Unobserved, prefix => path.StartsWithSegments(prefix));

    /// <summary>Drops database statements outside a request or an event, such as polling: each would be a separate trace.</summary>
    private sealed class WithoutPolling : BaseProcessor<Activity>
    {
        public override void OnStart(Activity data)
        {
            if (data.Source.Name != Database || data.ParentSpanId != default)
                return;
            data.IsAllDataRequested = false;
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
