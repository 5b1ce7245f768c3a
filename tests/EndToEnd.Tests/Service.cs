using Npgsql;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>
/// One of the services: its database, its user at the broker, and its instances. It reaches both servers through proxies.
/// </summary>
public sealed class Service : IAsyncDisposable
{
    private static readonly string[] Suffixes = ["", "_error", "_skipped"];

    private readonly List<ServiceProcess> instances = [];
    private readonly (string Key, string Value)[] settings;
    private readonly string databaseAddress;
    private readonly Uri brokerAddress;

    /// <param name="name">The name of its project.</param>
    /// <param name="broker">The broker's address, with the service's own user.</param>
    /// <param name="settings">Settings of every instance.</param>
    public Service(string name, TestDatabase database, Uri broker, params (string Key, string Value)[] settings)
    {
        (Name, Database, Broker, this.settings) = (name, database, broker, settings);
        var server = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        DatabaseProxy = new TcpProxy(server.Host!, server.Port);
        BrokerProxy = new TcpProxy(broker.Host, broker.Port);
        (server.Host, server.Port) = ("127.0.0.1", DatabaseProxy.Port);
        databaseAddress = server.ConnectionString;
        brokerAddress = new UriBuilder(broker) { Host = "127.0.0.1", Port = BrokerProxy.Port }.Uri;
    }

    public string Name { get; }

    public TestDatabase Database { get; }

    /// <summary>The broker, as the service's user, without the proxy.</summary>
    public Uri Broker { get; }

    public TcpProxy DatabaseProxy { get; }

    public TcpProxy BrokerProxy { get; }

    /// <summary>Its queues at the broker: incoming, failed and skipped messages.</summary>
    public IEnumerable<string> Queues => Suffixes.Select(suffix => $"{Name.ToLowerInvariant()}{suffix}");

    public IReadOnlyList<ServiceProcess> Instances => instances;

    /// <summary>A client of any running instance.</summary>
    public HttpClient Http
    {
        get
        {
            lock (instances)
            {
                var running = instances.FindAll(instance => instance.Runs);
                return running.Count > 0
                    ? running[Random.Shared.Next(running.Count)].Http
                    : throw new HttpRequestException($"No instance of {Name} is running.");
            }
        }
    }

    /// <summary>Starts one more instance; returns when it answers requests, ready or not.</summary>
    /// <param name="own">Settings of this one, as environment variables.</param>
    public async Task<ServiceProcess> Start(params (string Key, string Value)[] own)
    {
        (string Key, string Value)[] addresses =
            [("ConnectionStrings__Database", databaseAddress), ("ConnectionStrings__Broker", brokerAddress.ToString())];
        var instance = await ServiceProcess.Start(Name, [.. addresses, .. settings, .. own]);
        lock (instances)
            instances.Add(instance);
        return instance;
    }

    /// <summary>Sends SIGTERM to all its instances and waits until they have ended.</summary>
    /// <returns>The exit codes.</returns>
    public Task<int[]> Stop() => Task.WhenAll(instances.Where(instance => instance.Runs).Select(instance => instance.Stop()));

    /// <summary>Kills all its instances (SIGKILL).</summary>
    public void Kill()
    {
        foreach (var instance in instances.Where(instance => instance.Runs))
            instance.Kill();
    }

    /// <summary>Undoes the effects of a test: one ready instance and open proxies.</summary>
    public async Task Repair()
    {
        DatabaseProxy.Open();
        BrokerProxy.Open();
        await Task.WhenAll(instances.Where(instance => instance.Runs).Skip(1).Select(instance => instance.Stop()));
        lock (instances)
        {
            foreach (var ended in instances.Where(instance => !instance.Runs).ToArray())
            {
                instances.Remove(ended);
                ended.Dispose();
            }
        }

        if (instances.Count == 0)
            await Start();
        await instances[0].Ready();
    }

    public async ValueTask DisposeAsync()
    {
        instances.ForEach(instance => instance.Dispose());
        await DatabaseProxy.DisposeAsync();
        await BrokerProxy.DisposeAsync();
        await Database.DisposeAsync();
    }
}
