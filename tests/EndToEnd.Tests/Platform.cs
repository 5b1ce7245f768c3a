using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.DeploymentGenerator;
using RabbitMQ.Client;

[assembly: AssemblyFixture(typeof(OrderPlatform.EndToEnd.Tests.Platform))]

// The tests share two cores, and some of them restart the servers.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: RestartsServers]

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>
/// The services of <c>deploy/services.ini</c>, each in its own processes and with its own database, on one virtual host, with the roles,
/// users, permissions and topology of <c>deploy/</c>.
/// </summary>
public sealed class Platform : IAsyncLifetime
{
    public static readonly TimeSpan CarrierDelay = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo archive = Directory.CreateTempSubdirectory("archive-");
    private readonly Activity activity;
    private readonly List<Service> services = [];
    private string? lastTest;
    private bool lastFailed;

    public Platform() => activity = new Activity(this);

    public TestBroker Broker { get; private set; } = null!;

    public Service Orders => Named("Orders");

    public Service Inventory => Named("Inventory");

    public Service Shipping => Named("Shipping");

    /// <summary>Where Orders keeps its archives.</summary>
    public string Archive => Path.Combine(archive.FullName, "orders");

    public IReadOnlyList<Service> Services => services;

    /// <summary>Settings of every instance of every service, as environment variables.</summary>
    public (string Key, string Value)[] Settings { get; init; } = [];

    /// <summary>Settings of every instance of one service, by the service's name.</summary>
    public Func<string, (string Key, string Value)[]> SettingsOf { get; init; } = _ => [];

    /// <summary>Whether each test begins on a quiet platform. False where leftovers do not disturb other tests.</summary>
    public bool BeginsQuiet { get; init; } = true;

    /// <summary>Whether a failed test is followed by a new platform. False where something monitors this very platform.</summary>
    public bool IsRenewedAfterFailure { get; init; } = true;

    /// <summary>The wire addresses of the events that services publish.</summary>
    public string[] PublishedTypes { get; private set; } = [];

    /// <summary>The wire addresses of the events that each service consumes, by its queue.</summary>
    public ILookup<string, string> ConsumedTypes { get; private set; } = null!;

    /// <summary>Creates databases, virtual host and users; starts nothing.</summary>
    public async ValueTask InitializeAsync()
    {
        var definitions = Repository.Path("deploy", "rabbitmq", "definitions.json");
        Broker = await TestBroker.CreateVhost(definitions);
        var users = await File.ReadAllTextAsync(definitions);
        var topology = JsonDocument.Parse(users).RootElement;
        PublishedTypes = [.. topology.GetProperty("exchanges").EnumerateArray()
            .Select(exchange => exchange.GetProperty("name").GetString()!)
            .Where(name => name.StartsWith("OrderPlatform.Contracts.", StringComparison.Ordinal))];
        ConsumedTypes = topology.GetProperty("bindings").EnumerateArray()
            .Select(binding => (Type: binding.GetProperty("source").GetString()!, Queue: binding.GetProperty("destination").GetString()!))
            .ToLookup(binding => binding.Queue, binding => binding.Type);
        var script = await File.ReadAllTextAsync(Repository.Path("deploy", "postgres", "service.sql"));
        foreach (var listed in ServiceList.Read(Repository.Path()).Services)
        {
            var database = await TestDatabase.Create(script);
            var broker = await Broker.AddUser(users, listed.Name);
            services.Add(new Service(
                listed.Project, database, broker, [.. UsualSettings(listed.Project), .. Settings, .. SettingsOf(listed.Project)]));
        }
    }

    /// <summary>Gives a test a platform in its initial state.</summary>
    /// <exception cref="InvalidOperationException">
    /// The previous test left activity behind, or something that cannot be repaired. The next test gets a new platform.
    /// </exception>
    public async Task BeginTest()
    {
        var failedBefore = lastFailed;
        lastFailed = true;
        try
        {
            if (failedBefore && IsRenewedAfterFailure)
                await Renew();
            await Repair();
            if (BeginsQuiet)
                await BecomesQuiet();
        }
        catch (Exception exception)
        {
            var before = lastTest is null ? "It has just started." : $"The test before was {lastTest}.";
            throw new InvalidOperationException($"The platform is not ready for a test. {before} {exception.Message}", exception);
        }

        lastFailed = false;
    }

    /// <summary>Remembers which test may have left activity behind, and whether it failed.</summary>
    public void EndTest(bool failed) => (lastTest, lastFailed) = (TestContext.Current.Test?.TestDisplayName, failed);

    /// <summary>Undoes the effects of a test: one ready instance of each service, a fast carrier, open proxies.</summary>
    public async Task Repair()
    {
        await Task.WhenAll(Services.Select(service => service.Repair()));
        await SetCarrier(CarrierDelay);
    }

    /// <summary>Sets how the simulated carrier answers.</summary>
    /// <param name="delay">How long each answer takes.</param>
    /// <param name="failureRate">The share of calls that fail, 0 to 1.</param>
    public async Task SetCarrier(TimeSpan delay, double failureRate = 0)
    {
        using var response = await Shipping.Http.PutAsJsonAsync(
            "carrier-simulator/settings", new { delayMilliseconds = delay.TotalMilliseconds, failureRate });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Restarts the broker; where that is impossible, ends the connections of all services.</summary>
    public async Task RestartBroker()
    {
        if (await TestServers.RestartBroker())
            return;
        TestContext.Current.AddWarning("The broker cannot be restarted here: its connections were closed instead.");
        await Broker.CloseConnections();
    }

    /// <summary>Restarts the database server; where that is impossible, ends all connections of the services.</summary>
    public async Task RestartDatabase()
    {
        if (await TestServers.RestartPostgres())
            return;
        TestContext.Current.AddWarning("The database cannot be restarted here: its connections were ended instead.");
        foreach (var service in Services)
            await service.Database.EndConnections();
    }

    /// <summary>A separate connection to the broker, as its administrator or as one of the services.</summary>
    public Task<IConnection> Connect(Service? @as = null) => PatientClients.Connect(@as?.Broker ?? Broker.Uri);

    public async ValueTask DisposeAsync()
    {
        await Remove();
        archive.Delete(recursive: true);
    }

    private Service Named(string name) => services.Single(service => service.Name == name);

    private IEnumerable<(string Key, string Value)> UsualSettings(string service)
    {
        // A rebuild pauses much longer than it works so as not to slow down the service; tests need not wait for that.
        yield return ("Messaging__BackgroundShare", "1");
        if (service == "Orders")
            yield return ("Messaging__Retention__Archive__Directory", archive.FullName);
        // A booking that was interrupted by an outage of the service or its database is retried when its lease ends.
        if (service == "Shipping")
            yield return ("Carrier__Lease", "00:00:10");
    }

    /// <summary>A failed test may have left the platform in any state.</summary>
    private async Task Renew()
    {
        await Remove();
        await InitializeAsync();
        lastTest = null;
    }

    private async Task Remove()
    {
        foreach (var service in services)
            await service.DisposeAsync();
        services.Clear();
        if (Broker is not null)
            await Broker.DisposeAsync();
    }

    private async Task BecomesQuiet()
    {
        IReadOnlyList<string> found = [];
        try
        {
            await Eventually.Is(async () => (found = await activity.Find()).Count == 0);
        }
        catch (TimeoutException exception)
        {
            throw new InvalidOperationException($"It does not become quiet: {string.Join("; ", found)}.", exception);
        }
    }
}

/// <summary>
/// A test on the platform that all tests share, which is in its initial state when the test begins. A failure shows the services' logs.
/// </summary>
public abstract class PlatformTest(Platform platform) : IAsyncLifetime
{
    private const int MostLines = 100;

    private readonly List<Platform> own = [];
    private DateTimeOffset begin = DateTimeOffset.UtcNow;
    private bool hasBegun;

    protected Platform Platform => platform;

    protected Shop Shop { get; } = new(platform);

    protected Service Orders => platform.Orders;

    protected Service Inventory => platform.Inventory;

    protected Service Shipping => platform.Shipping;

    public virtual async ValueTask InitializeAsync()
    {
        try
        {
            await platform.BeginTest();
        }
        catch
        {
            // xunit does not run what usually follows a test.
            FailureReportAttribute.ShowCommand();
            ShowLogsOf(platform);
            throw;
        }

        (begin, hasBegun) = (DateTimeOffset.UtcNow, true);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!hasBegun)
            return;
        var failed = TestContext.Current.TestState?.Result == TestResult.Failed;
        try
        {
            await EndTest();
        }
        catch
        {
            if (!failed)
                FailureReportAttribute.ShowCommand();
            failed = true;
            throw;
        }
        finally
        {
            platform.EndTest(failed);
            foreach (var shown in failed ? own.Append(platform) : [])
                ShowLogsOf(shown);
            await Task.WhenAll(own.Select(created => created.DisposeAsync().AsTask()));
        }
    }

    /// <summary>Ends what a test has begun, and checks what it must not leave behind. If this throws, the test has failed.</summary>
    protected virtual Task EndTest() => Task.CompletedTask;

    /// <summary>A second platform, on which nothing runs yet. It is removed when the test ends.</summary>
    /// <param name="settingsOf">Settings of every instance of one service, by the service's name.</param>
    protected async Task<Platform> CreatePlatform(Func<string, (string Key, string Value)[]>? settingsOf = null)
    {
        var created = new Platform { SettingsOf = settingsOf ?? (_ => []) };
        own.Add(created);
        await created.InitializeAsync();
        return created;
    }

    /// <summary>Shows the services' logs since the test began, in order of time, and where the full logs are.</summary>
    private void ShowLogsOf(Platform platform)
    {
        if (TestContext.Current.TestOutputHelper is not { } output)
            return;
        var logs = platform.Services.SelectMany(service => service.Instances).Select(instance => instance.Log).ToArray();
        var lines = logs.SelectMany(log => log.Since(begin)).OrderBy(line => line.ReceivedAt).Select(line => line.Text).ToArray();
        output.WriteLine($"Logs since the test began (UTC); full in {ServiceLog.Folder}: {string.Join(' ', logs.Select(log => log.File))}");
        if (lines.Length > MostLines)
            output.WriteLine($"  ({lines.Length - MostLines} earlier lines are left out)");
        foreach (var line in lines.TakeLast(MostLines))
            output.WriteLine($"  {line}");
    }
}
