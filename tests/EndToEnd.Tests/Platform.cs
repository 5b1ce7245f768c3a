using System.Net.Http.Json;
using RabbitMQ.Client;

[assembly: AssemblyFixture(typeof(OrderPlatform.EndToEnd.Tests.Platform))]

// They share two cores, and some of them restart the servers of all.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>
/// The three services, each as processes of its own, on databases and a virtual host of their own, with the roles, users, permissions
/// and topology of <c>deploy/</c>.
/// </summary>
public sealed class Platform : IAsyncLifetime
{
    public static readonly TimeSpan CarrierDelay = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo archive = Directory.CreateTempSubdirectory("archive-");

    public TestBroker Broker { get; private set; } = null!;

    public Service Orders { get; private set; } = null!;

    public Service Inventory { get; private set; } = null!;

    public Service Shipping { get; private set; } = null!;

    /// <summary>Where Orders keeps its archives.</summary>
    public string Archive => Path.Combine(archive.FullName, "orders");

    public IReadOnlyList<Service> Services => [Orders, Inventory, Shipping];

    /// <summary>Settings of every instance of every service, as environment variables.</summary>
    public (string Key, string Value)[] Settings { get; init; } = [];

    /// <summary>Settings of every instance of one service, by its name.</summary>
    public Func<string, (string Key, string Value)[]> SettingsOf { get; init; } = _ => [];

    /// <summary>Makes databases, virtual host and users; starts nothing.</summary>
    public async ValueTask InitializeAsync()
    {
        var definitions = Repository.Path("deploy", "rabbitmq", "definitions.json");
        Broker = await TestBroker.CreateVhost(definitions);
        var users = await File.ReadAllTextAsync(definitions);
        var script = await File.ReadAllTextAsync(Repository.Path("deploy", "postgres", "service.sql"));
        async Task<Service> Make(string name, params (string Key, string Value)[] settings) => new(
            name,
            await TestDatabase.Create(script),
            await Broker.AddUser(users, name.ToLowerInvariant()),
            [.. settings, .. Settings, .. SettingsOf(name)]);

        Orders = await Make("Orders", ("Messaging__Retention__Archive__Directory", archive.FullName));
        Inventory = await Make("Inventory");
        // What the carrier was asked when the service or its database went away is asked again when the lease ends.
        Shipping = await Make("Shipping", ("Carrier__Lease", "00:00:10"));
    }

    /// <summary>Whatever a test has done: one instance of each service, all ready, a fast carrier, clear roads.</summary>
    public async Task Repair()
    {
        await Task.WhenAll(Services.Select(service => service.Repair()));
        await SetCarrier(CarrierDelay);
    }

    /// <summary>How the simulated carrier answers.</summary>
    /// <param name="delay">How long it takes.</param>
    /// <param name="failureRate">The share of calls that fail, 0 to 1.</param>
    public async Task SetCarrier(TimeSpan delay, double failureRate = 0)
    {
        using var response = await Shipping.Http.PutAsJsonAsync(
            "carrier-simulator/settings", new { delayMilliseconds = delay.TotalMilliseconds, failureRate });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Restarts the broker; where that cannot be done, ends the connections of all services.</summary>
    public async Task RestartBroker()
    {
        if (await TestServers.RestartBroker())
            return;
        TestContext.Current.AddWarning("The broker cannot be restarted here: its connections were closed instead.");
        await Broker.CloseConnections();
    }

    /// <summary>Restarts the database server, where that cannot be done, ends all connections of the services.</summary>
    public async Task RestartDatabase()
    {
        var restarted = await TestServers.RestartPostgres();
        if (!restarted)
            TestContext.Current.AddWarning("The database cannot be restarted here: its connections were ended instead.");
        foreach (var service in Services)
        {
            if (!restarted)
                await service.Database.EndConnections();
            service.Database.Source.Clear();
        }
    }

    /// <summary>A connection of the test's own to the broker, as its administrator or as one of the services.</summary>
    public Task<IConnection> Connect(Service? @as = null) =>
        new ConnectionFactory { Uri = @as?.Broker ?? Broker.Uri }.CreateConnectionAsync("test");

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Services)
            await service.DisposeAsync();
        await Broker.DisposeAsync();
        archive.Delete(recursive: true);
    }
}

/// <summary>
/// A test on the platform that all tests share, which it finds in order. When it fails, it shows what the services wrote.
/// </summary>
public abstract class PlatformTest(Platform platform) : IAsyncLifetime
{
    protected Platform Platform => platform;

    protected Shop Shop { get; } = new(platform);

    protected Service Orders => platform.Orders;

    protected Service Inventory => platform.Inventory;

    protected Service Shipping => platform.Shipping;

    public virtual async ValueTask InitializeAsync() => await platform.Repair();

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        ShowLogsOf(platform);
        return ValueTask.CompletedTask;
    }

    /// <summary>What the services wrote last, if the test has failed.</summary>
    protected static void ShowLogsOf(Platform platform)
    {
        const int Lines = 40;
        if (TestContext.Current.TestState?.Result != TestResult.Failed || TestContext.Current.TestOutputHelper is not { } output)
            return;
        foreach (var service in platform.Services)
        {
            foreach (var instance in service.Instances)
                output.WriteLine($"--- {service.Name}:\n{string.Join('\n', instance.Log.Split('\n').TakeLast(Lines))}");
        }
    }
}
