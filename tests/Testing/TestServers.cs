using System.Diagnostics;
using System.Net.Sockets;
using System.Reflection;
using DotNet.Testcontainers.Containers;
using Npgsql;
using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace OrderPlatform.Testing;

/// <summary>
/// The PostgreSQL and RabbitMQ servers of the tests: those named by <c>TEST_POSTGRES</c>, <c>TEST_RABBITMQ</c>,
/// <c>TEST_RABBITMQ_MANAGEMENT</c> and <c>TEST_RABBITMQ_METRICS</c>, as <c>tests/run</c> sets them; otherwise containers, started once per
/// process when a test first needs them.
/// External servers are restarted with the command <c>TEST_SERVERS_CONTROL</c> (deploy/local/servers) in <c>TEST_SERVERS_DIR</c>.
/// Without servers the process exits with one line that says what to do, because every test would fail for the same reason.
/// </summary>
public static class TestServers
{
    private const int ManagementPort = 15672;
    private const int MetricsPort = 15692;

    private static readonly Lazy<Task> LazyTurn = new(TakeTurn);
    private static readonly Lazy<Task<string>> LazyPostgres = new(StartPostgres);
    private static readonly Lazy<Task<BrokerServer>> LazyBroker = new(StartBroker);

    private static IContainer? postgres;
    private static IContainer? rabbitmq;
    private static FileStream? turn;

    /// <summary>The image of RabbitMQ's containers.</summary>
    public static string BrokerImage => Image("TEST_RABBITMQ_IMAGE", "rabbitmq:4.3.6-management");

    /// <summary>The image of PostgreSQL's containers.</summary>
    public static string DatabaseImage => Image("TEST_POSTGRES_IMAGE", "postgres:18.6");

    /// <summary>A superuser's Npgsql connection string; it names no test database.</summary>
    public static Task<string> Postgres() => LazyPostgres.Value;

    /// <summary>A broker and its management API, as an administrator.</summary>
    public static Task<BrokerServer> Broker() => LazyBroker.Value;

    /// <summary>Restarts PostgreSQL at the same address, for all its clients.</summary>
    /// <returns>False when this cannot be done here: nothing has happened then.</returns>
    public static async Task<bool> RestartPostgres()
    {
        if (!await Restart("postgres", postgres))
            return false;
        TestDatabase.ForgetConnections();
        return true;
    }

    /// <summary>Restarts RabbitMQ at the same address, for all its clients.</summary>
    /// <returns>False when this cannot be done here: nothing has happened then.</returns>
    public static Task<bool> RestartBroker() => Restart("rabbitmq", rabbitmq);

    private static async Task<bool> Restart(string name, IContainer? container)
    {
        if (container is not null)
        {
            await container.StopAsync();
            await container.StartAsync();
            return true;
        }

        if (Environment.GetEnvironmentVariable("TEST_SERVERS_CONTROL") is not { Length: > 0 } control)
            return false;
        var directory = Environment.GetEnvironmentVariable("TEST_SERVERS_DIR");
        string[] where = directory is { Length: > 0 } ? ["--dir", directory] : [];
        await Run(control, ["restart", name, .. where]);
        return true;
    }

    /// <summary>Runs the command that starts and stops private servers; slow ones have as long as any wait of a test.</summary>
    internal static async Task Run(string control, params string[] arguments)
    {
        var start = new ProcessStartInfo(control, arguments)
        {
            Environment = { ["SERVERS_TIMEOUT"] = $"{Eventually.Guard.TotalSeconds:0}" },
        };
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"'{control} {string.Join(' ', arguments)}' ended with {process.ExitCode}.");
    }

    private static async Task<string> StartPostgres()
    {
        if (Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } given)
        {
            await LazyTurn.Value;
            await EndWithout("TEST_POSTGRES does not answer", async () =>
            {
                await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(given).Patient().ConnectionString);
                await connection.OpenAsync();
            });
            return given;
        }

        var container = await Start(() => new PostgreSqlBuilder(DatabaseImage)
            .WithPortBinding(Ports.Free(), PostgreSqlBuilder.PostgreSqlPort)
            .WithCommand("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
            .Build());
        postgres = container;
        return container.GetConnectionString();
    }

    private static string Image(string variable, string usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } image ? image : usual;

    /// <summary>Disposes the container when the process exits; after a kill, Testcontainers' reaper does so.</summary>
    private static async Task<T> Start<T>(Func<T> build)
        where T : class, IContainer
    {
        T container = null!;
        await EndWithout("no container could be started", () => (container = build()).StartAsync());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => container.DisposeAsync().AsTask().Wait();
        return container;
    }

    /// <summary>
    /// Test projects that run at the same time share the external servers, unless one of them restarts the servers
    /// (<see cref="RestartsServersAttribute"/>): it waits until no other project uses them, and the others wait for it.
    /// </summary>
    private static async Task TakeTurn()
    {
        if (Environment.GetEnvironmentVariable("TEST_SERVERS_DIR") is not { Length: > 0 } directory)
            return;
        var share = Assembly.GetEntryAssembly()?.IsDefined(typeof(RestartsServersAttribute)) == true ? FileShare.None : FileShare.Read;
        while (turn is null)
        {
            try
            {
                turn = new FileStream(Path.Combine(directory, "tests.lock"), FileMode.OpenOrCreate, FileAccess.Read, share);
            }
            catch (IOException) when (Directory.Exists(directory))
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task EndWithout(string problem, Func<Task> reach)
    {
        try
        {
            await reach();
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(
                $"error: These tests need PostgreSQL and RabbitMQ, and {problem} ({exception.Message.Split('\n')[0].TrimEnd()}). "
                + "Use tests/run, which starts both.");
            Environment.Exit(3);
        }
    }

    private static async Task<BrokerServer> StartBroker()
    {
        if (Environment.GetEnvironmentVariable("TEST_RABBITMQ") is { Length: > 0 } amqp)
        {
            await LazyTurn.Value;
            await EndWithout("TEST_RABBITMQ does not answer", async () =>
            {
                using var client = new TcpClient();
                await client.ConnectAsync(new Uri(amqp).Host, new Uri(amqp).Port);
            });
            return Environment.GetEnvironmentVariable("TEST_RABBITMQ_MANAGEMENT") is { Length: > 0 } management
                ? new BrokerServer(new Uri(amqp), new Uri(management), Given("TEST_RABBITMQ_METRICS"))
                : throw new InvalidOperationException(
                    "TEST_RABBITMQ needs TEST_RABBITMQ_MANAGEMENT, such as http://user:password@localhost:15672.");
        }

        var container = await Start(() => new RabbitMqBuilder(BrokerImage)
            .WithPortBinding(Ports.Free(), RabbitMqBuilder.RabbitMqPort)
            .WithPortBinding(Ports.Free(), ManagementPort)
            .WithPortBinding(Ports.Free(), MetricsPort)
            .Build());
        rabbitmq = container;
        var broker = new Uri(container.GetConnectionString());
        return new BrokerServer(
            broker, new UriBuilder("http", container.Hostname, container.GetMappedPublicPort(ManagementPort))
            {
                UserName = broker.UserInfo.Split(':')[0],
                Password = broker.UserInfo.Split(':')[1],
            }.Uri,
            new UriBuilder("http", container.Hostname, container.GetMappedPublicPort(MetricsPort)).Uri);
    }

    private static Uri? Given(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } address ? new Uri(address) : null;
}

/// <summary>The addresses of a broker.</summary>
/// <param name="Amqp">With an administrator's name and password.</param>
/// <param name="Management">With an administrator's name and password.</param>
/// <param name="Metrics">For Prometheus; null when the address is not configured.</param>
public sealed record BrokerServer(Uri Amqp, Uri Management, Uri? Metrics);
