using Testcontainers.PostgreSql;
using Testcontainers.RabbitMq;

namespace OrderPlatform.Testing;

/// <summary>
/// The PostgreSQL and the RabbitMQ that tests use: those that <c>TEST_POSTGRES</c>, <c>TEST_RABBITMQ</c> and
/// <c>TEST_RABBITMQ_MANAGEMENT</c> name, as <c>tests/run</c> sets them; else containers, started once a process when a test first asks.
/// </summary>
public static class TestServers
{
    private const int ManagementPort = 15672;

    private static readonly Lazy<Task<string>> LazyPostgres = new(StartPostgres);
    private static readonly Lazy<Task<BrokerServer>> LazyBroker = new(StartBroker);

    /// <summary>An Npgsql connection string of a superuser; it names no database of a test.</summary>
    public static Task<string> Postgres() => LazyPostgres.Value;

    /// <summary>A broker and its management API, as an administrator.</summary>
    public static Task<BrokerServer> Broker() => LazyBroker.Value;

    private static async Task<string> StartPostgres()
    {
        if (Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } given)
            return given;

        // The containers' reaper removes them when the test process has ended.
        var container = new PostgreSqlBuilder("postgres:18-alpine").WithCommand("-c", "fsync=off", "-c", "max_connections=300").Build();
        await container.StartAsync();
        return container.GetConnectionString();
    }

    private static async Task<BrokerServer> StartBroker()
    {
        if (Environment.GetEnvironmentVariable("TEST_RABBITMQ") is { Length: > 0 } amqp)
        {
            return Environment.GetEnvironmentVariable("TEST_RABBITMQ_MANAGEMENT") is { Length: > 0 } management
                ? new BrokerServer(new Uri(amqp), new Uri(management))
                : throw new InvalidOperationException("TEST_RABBITMQ needs TEST_RABBITMQ_MANAGEMENT, such as http://user:password@localhost:15672.");
        }

        var container = new RabbitMqBuilder("rabbitmq:4-management-alpine").WithPortBinding(ManagementPort, assignRandomHostPort: true).Build();
        await container.StartAsync();
        var broker = new Uri(container.GetConnectionString());
        return new BrokerServer(
            broker, new UriBuilder("http", container.Hostname, container.GetMappedPublicPort(ManagementPort))
            {
                UserName = broker.UserInfo.Split(':')[0],
                Password = broker.UserInfo.Split(':')[1],
            }.Uri);
    }
}

/// <summary>Where a broker is; both addresses carry an administrator's name and password.</summary>
public sealed record BrokerServer(Uri Amqp, Uri Management);
