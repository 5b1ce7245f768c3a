using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace OrderPlatform.ServiceDefaults.Hosting;

internal static class DefaultSettings
{
    /// <summary>Adds settings of the lowest priority: appsettings, environment and command line override each of them.</summary>
    public static void AddDefaultSettings(this WebApplicationBuilder builder, int port)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "Warning",
            ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning",
            // MassTransit repeats whole stack traces while the broker is unavailable; the relay reports it in one line.
            ["Logging:LogLevel:MassTransit"] = "Error",
            // An unhealthy check would be logged at every probe; /health/ready shows it on request.
            ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        };
        string[] addresses = ["urls", "http_ports", "https_ports"];
        if (addresses.All(key => string.IsNullOrEmpty(builder.Configuration[key])))
            settings["urls"] = $"http://localhost:{port}";
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = settings });
    }

    /// <summary>
    /// Adds settings of the highest priority: one file for each, in the directory named by <c>SecretsDirectory</c>. Without that setting
    /// it adds nothing.
    /// </summary>
    public static void AddSecrets(this WebApplicationBuilder builder)
    {
        if (builder.Configuration["SecretsDirectory"] is { Length: > 0 } directory)
            builder.Configuration.AddKeyPerFile(directory);
    }
}
