using System.Text;
using Microsoft.Extensions.Options;
using OrderPlatform.ServiceDefaults.Tests.Telemetry;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Hosting;

[Collection(TelemetryTests.Collection)]
public class HostingTests
{
    [Theory]
    [InlineData("http://localhost:5199")]
    [InlineData("http://localhost:7000", "--urls=http://localhost:7000")]
    [InlineData(null, "--http_ports=8080")]
    public void Listens_on_its_own_port_unless_told_otherwise(string? urls, params string[] arguments) =>
        Assert.Equal(urls, Builder(arguments).Configuration["urls"]);

    [Theory]
    [InlineData(false)]
    [InlineData(true, "--Logging:LogLevel:Microsoft.AspNetCore=Information")]
    public async Task Logs_no_requests_unless_told_otherwise(bool enabled, params string[] arguments)
    {
        await using var app = Builder(arguments).Build();

        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Microsoft.AspNetCore.Hosting.Diagnostics");

        Assert.Equal(enabled, logger.IsEnabled(LogLevel.Information));
    }

    [Fact]
    public void Reads_secrets_from_the_files_of_a_directory()
    {
        var directory = Directory.CreateTempSubdirectory("secrets-");
        File.WriteAllText(Path.Combine(directory.FullName, "ConnectionStrings__Database"), "Host=from-a-file\n");

        var builder = Builder($"--SecretsDirectory={directory.FullName}", "--ConnectionStrings:Database=Host=from-elsewhere");

        Assert.Equal("Host=from-a-file", builder.Configuration.GetConnectionString("Database"));
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Gives_running_work_25_seconds_to_finish_at_shutdown()
    {
        await using var app = Builder().Build();

        Assert.Equal(TimeSpan.FromSeconds(25), app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    [Fact]
    public async Task Exports_the_spans_of_requests_but_not_of_probes()
    {
        var exported = new StringBuilder();
        await using var collector = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]).Build();
        collector.MapPost("/v1/traces", async (HttpRequest request) =>
        {
            using var body = new StreamReader(request.Body, Encoding.Latin1);
            exported.Append(await body.ReadToEndAsync());
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        await using (var app = Builder(
            "--urls=http://127.0.0.1:0",
            $"--OTEL_EXPORTER_OTLP_ENDPOINT={collector.Urls.First()}",
            "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf").Build())
        {
            app.MapServiceDefaults();
            app.MapGet("/parcels", () => "none");
            await app.StartAsync(TestContext.Current.CancellationToken);
            using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
            await http.GetStringAsync("/parcels", TestContext.Current.CancellationToken);
            await http.GetStringAsync("/health/live", TestContext.Current.CancellationToken);
        }

        Assert.Contains("service.name\u0012\u0009\n\u0007parcels", exported.ToString(), StringComparison.Ordinal);
        Assert.Contains("GET /parcels", exported.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("GET /health", exported.ToString(), StringComparison.Ordinal);
    }

    private static WebApplicationBuilder Builder(params string[] arguments) =>
        WebApplication.CreateBuilder(arguments).AddServiceDefaults("parcels", port: 5199);
}
