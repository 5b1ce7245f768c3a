using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;

// The tests share two cores, and each causes faults.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace OrderPlatform.Observability.Tests;

/// <summary>
/// The running platform and its monitoring: Prometheus, Alertmanager and the PostgreSQL exporter from the machine's packages, with the
/// configuration of <c>deploy/</c> and shortened times.
/// </summary>
public sealed class Monitoring : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("prometheus-");
    private readonly List<Tool> tools = [];
    private HttpClient alertmanager = null!;

    /// <summary>Why monitoring is unavailable; null if it is available.</summary>
    public string? Missing { get; private set; }

    /// <summary>The services' own intervals are shortened, too.</summary>
    public Platform Platform { get; } = new()
    {
        BeginsQuiet = false,
        IsRenewedAfterFailure = false,
        Settings =
        [
            ("Messaging__SampleInterval", "00:00:01"),
            ("Messaging__Retention__Interval", "00:00:01"),
            ("Carrier__Resilience__CircuitBreaker__BreakDuration", "00:00:01"),
        ],
    };

    public PrometheusServer Prometheus { get; private set; } = null!;

    /// <summary>The name of a service's job in Prometheus.</summary>
    public static string JobOf(Service service) => service.Name.ToLowerInvariant();

    public async ValueTask InitializeAsync()
    {
        Missing = Tool.FirstMissing("prometheus", "prometheus-alertmanager", "prometheus-postgres-exporter") is { } program
            ? $"{program} is not installed."
            : (await TestServers.Broker()).Metrics is null ? "TEST_RABBITMQ_METRICS does not say where RabbitMQ's metrics are." : null;
        if (Missing is not null)
            return;
        await Platform.InitializeAsync();
        var addresses = new Addresses(
            [.. Platform.Services.Select(JobOf)],
            Platform.Broker.Vhost,
            (await TestServers.Broker()).Metrics!.Authority,
            Local(),
            Local(),
            Local());
        await Render(addresses);
        await StartTools(addresses);
    }

    /// <summary>
    /// Tells Prometheus which instances exist, including those that no longer run; returns when it has scraped those that run. A counter that
    /// it meets only after a fault has no increase, so an alert would not notice that fault.
    /// </summary>
    public async Task Discover()
    {
        await WriteTargets();
        foreach (var instance in Platform.Services.SelectMany(service => service.Instances).Where(instance => instance.Runs))
        {
            var address = instance.Http.BaseAddress!.Authority;
            await Eventually.Is(
                async () => await Prometheus.Query($"up{{instance=\"{address}\"}} == 1") is { Count: 1 }, $"Prometheus scrapes {address}");
        }
    }

    /// <summary>Alertmanager's state of a service's alert: active or suppressed; null if there is none.</summary>
    public async Task<string?> Notified(string alert, Service service)
    {
        var alerts = await alertmanager.GetFromJsonAsync<JsonElement>(
            $"api/v2/alerts?filter=alertname%3D{alert}&filter=service%3D{JobOf(service)}");
        return alerts.EnumerateArray().Select(found => found.GetProperty("status").GetProperty("state").GetString()).FirstOrDefault();
    }

    public async ValueTask DisposeAsync()
    {
        tools.ForEach(tool => tool.Dispose());
        if (Missing is null)
        {
            Prometheus?.Dispose();
            alertmanager?.Dispose();
            await Platform.DisposeAsync();
        }

        folder.Delete(recursive: true);
    }

    private static string Local() => $"127.0.0.1:{Ports.Free()}";

    private async Task Render(Addresses addresses)
    {
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "prometheus.yml"),
            Rendering.Configuration(Deployed.Text("prometheus", "prometheus.yml"), addresses));
        var rules = folder.CreateSubdirectory("rules");
        foreach (var file in Deployed.Files("*.yml", "prometheus", "rules"))
        {
            await File.WriteAllTextAsync(
                Path.Combine(rules.FullName, Path.GetFileName(file)), Rendering.Rules(await File.ReadAllTextAsync(file)));
        }

        await WriteTargets();
    }

    private async Task WriteTargets()
    {
        foreach (var service in Platform.Services)
        {
            var targets = service.Instances.Select(instance => instance.Http.BaseAddress!.Authority);
            var file = Path.Combine(folder.FullName, $"{JobOf(service)}.json");
            await File.WriteAllTextAsync($"{file}.new", JsonSerializer.Serialize(new[] { new { targets } }));
            File.Move($"{file}.new", file, overwrite: true);
        }
    }

    private async Task StartTools(Addresses addresses)
    {
        string Data(string name) => Path.Combine(folder.FullName, name);
        var postgres = new NpgsqlConnectionStringBuilder(await TestServers.Postgres());
        tools.Add(Tool.Start(
            "prometheus-postgres-exporter",
            [$"--web.listen-address={addresses.PostgresExporter}"],
            ("DATA_SOURCE_URI", $"{postgres.Host}:{postgres.Port}/postgres?sslmode=disable"),
            ("DATA_SOURCE_USER", postgres.Username!),
            ("DATA_SOURCE_PASS", postgres.Password!)));
        tools.Add(Tool.Start("prometheus-alertmanager",
        [
            $"--config.file={Deployed.Path("alertmanager", "alertmanager.yml")}", $"--storage.path={Data("alertmanager")}",
            $"--web.listen-address={addresses.Alertmanager}", "--cluster.listen-address=",
        ]));
        tools.Add(Tool.Start("prometheus",
        [
            $"--config.file={Data("prometheus.yml")}", $"--storage.tsdb.path={Data("data")}",
            $"--web.listen-address={addresses.Prometheus}",
        ]));
        alertmanager = new HttpClient { BaseAddress = new Uri($"http://{addresses.Alertmanager}") }.Patient();
        Prometheus = new PrometheusServer(new Uri($"http://{addresses.Prometheus}"));
        try
        {
            await Eventually.Is(Prometheus.IsReady);
        }
        catch (TimeoutException exception)
        {
            throw new InvalidOperationException(string.Join('\n', tools.Select(tool => tool.Log)), exception);
        }
    }
}

[CollectionDefinition(nameof(MonitoredPlatform))]
public sealed class MonitoredPlatform : ICollectionFixture<Monitoring>;

/// <summary>A test on the monitored platform; skipped if the monitoring programs are missing.</summary>
[Collection(nameof(MonitoredPlatform))]
public abstract class MonitoredTest(Monitoring monitoring) : PlatformTest(monitoring.Platform)
{
    protected PrometheusServer Prometheus => monitoring.Prometheus;

    protected Monitoring Monitoring => monitoring;

    public override async ValueTask InitializeAsync()
    {
        if (monitoring.Missing is { } missing)
            Assert.Skip(missing);
        await base.InitializeAsync();
        await monitoring.Discover();
    }
}
