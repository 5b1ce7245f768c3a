using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OrderPlatform.ServiceDefaults;

/// <summary>What every service of the platform has, in two calls of its Program.cs.</summary>
public static class ServiceDefaultsExtensions
{
    private const long MaxRequestBodyBytes = 64 * 1024;

    /// <summary>Logging, telemetry, health, problem details, JSON, Swagger and limits.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="service">The service's name in traces, logs and Swagger, in lower case: <c>orders</c>.</param>
    /// <param name="port">Where it listens (on loopback) when neither <c>ASPNETCORE_URLS</c> nor the like says otherwise.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service, int port)
    {
        builder.AddDefaultSettings(port);
        builder.AddSecrets();
        builder.AddServiceLogging();
        builder.AddServiceTelemetry(service);
        builder.Services.AddServiceMetrics();
        builder.AddServiceSwagger(service);
        builder.Services.AddServiceJson();
        builder.Services.AddServiceProblems();
        builder.Services.AddHealthChecks();
        builder.Services.AddCors();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
        });
        return builder;
    }

    /// <summary>
    /// Problem details for whatever fails; <c>/health/live</c>, <c>/health/requests</c>, <c>/health/ready</c>, <c>/metrics</c>,
    /// <c>/swagger</c>.
    /// </summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.MapServiceMetrics();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseEnumParameters();
        // For the endpoints that name a policy; there is none for all.
        app.UseCors();
        app.MapServiceHealth();
        app.MapServiceSwagger();
        return app;
    }

    /// <summary>Settings below all others: appsettings, environment and command line override each of them.</summary>
    private static void AddDefaultSettings(this WebApplicationBuilder builder, int port)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "Warning",
            ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning",
            // It tells of an absent broker with whole stack traces, again and again; the relay says it in a line.
            ["Logging:LogLevel:MassTransit"] = "Error",
            // An unhealthy check would be logged at every probe; /health/ready says it to whoever asks.
            ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        };
        string[] addresses = ["urls", "http_ports", "https_ports"];
        if (addresses.All(key => string.IsNullOrEmpty(builder.Configuration[key])))
            settings["urls"] = $"http://localhost:{port}";
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = settings });
    }

    /// <summary>Settings above all others: a file each, in the directory that <c>SecretsDirectory</c> names, if it names one.</summary>
    private static void AddSecrets(this WebApplicationBuilder builder)
    {
        if (builder.Configuration["SecretsDirectory"] is { Length: > 0 } directory)
            builder.Configuration.AddKeyPerFile(directory);
    }
}
