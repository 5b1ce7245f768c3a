using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.ServiceDefaults.Binding;
using OrderPlatform.ServiceDefaults.Errors;
using OrderPlatform.ServiceDefaults.Health;
using OrderPlatform.ServiceDefaults.Hosting;
using OrderPlatform.ServiceDefaults.Swagger;
using OrderPlatform.ServiceDefaults.Telemetry;

namespace OrderPlatform.ServiceDefaults;

/// <summary>The common parts of every service, in two calls from its Program.cs.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Adds settings, logging, tracing, metrics, health checks, problem details, strict JSON, Swagger and limits.</summary>
    /// <param name="service">The name of the service in traces and Swagger, in lower case: <c>orders</c>.</param>
    /// <param name="port">The loopback port, unless <c>ASPNETCORE_URLS</c> or another such setting gives an address.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service, int port)
    {
        builder.AddDefaultSettings(port);
        builder.AddSecrets();
        builder.AddServiceLogging();
        builder.AddServiceTracing(service);
        builder.AddServiceSwagger(service);
        builder.Services.AddServiceMetrics();
        builder.Services.AddStrictJson();
        builder.Services.AddProblemResponses();
        builder.Services.AddLimits();
        builder.Services.AddHealthChecks();
        builder.Services.AddCors();
        return builder;
    }

    /// <summary>
    /// Answers failures with problem details, and maps <c>/health/live</c>, <c>/health/requests</c>, <c>/health/ready</c>, <c>/metrics</c>
    /// and <c>/swagger</c>.
    /// </summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseEnumParameters();
        // Applies only to endpoints that name a policy: there is no default policy.
        app.UseCors();
        app.MapServiceMetrics();
        app.MapHealthEndpoints();
        app.MapServiceSwagger();
        return app;
    }
}
