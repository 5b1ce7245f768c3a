using System.Text;
using OrderPlatform.Credentials;
using Testcontainers.RabbitMq;

namespace OrderPlatform.Testing;

/// <summary>
/// A RabbitMQ that no other project uses, so that tests can restart it. It also speaks TLS, with a certificate from its own authority. It
/// is started when a test first asks for it: by the command <c>TEST_SERVERS_CONTROL</c> (deploy/local/servers) if that is set, otherwise
/// as a container.
/// </summary>
public sealed class PrivateBroker : IAsyncDisposable
{
    private const int ManagementPort = 15672;
    private const int TlsPort = 5671;

    private readonly Lazy<Task<BrokerServer>> server;
    private readonly SemaphoreSlim turn = new(1);
    private readonly string directory = Directory.CreateTempSubdirectory("private-broker-").FullName;
    private readonly string? control = Environment.GetEnvironmentVariable("TEST_SERVERS_CONTROL");
    private readonly Authority authority = Authority.Create(DateTimeOffset.UtcNow);
    private readonly int tlsPort = Ports.Free();
    private RabbitMqContainer? container;

    public PrivateBroker() => server = new Lazy<Task<BrokerServer>>(Start);

    /// <summary>Its addresses without TLS, as its administrator.</summary>
    public Task<BrokerServer> Server() => server.Value;

    private string AuthorityFile => Path.Combine(directory, "ca.crt");

    /// <summary>The address of one of its virtual hosts with TLS, which names the authority to trust.</summary>
    public string WithTls(Uri vhost) => new UriBuilder(vhost)
    {
        Scheme = "amqps",
        Host = "localhost",
        Port = tlsPort,
        Query = $"cacertfile={Uri.EscapeDataString(AuthorityFile)}",
    }.Uri.AbsoluteUri;

    /// <summary>Waits until no other test uses it, and reserves it until the result is disposed.</summary>
    public async Task<IAsyncDisposable> Reserve()
    {
        await turn.WaitAsync();
        return new Reservation(turn);
    }

    /// <summary>Stops it and starts it again at the same address; returns when it answers.</summary>
    public async Task Restart()
    {
        if (container is null)
        {
            await Run("restart");
            return;
        }

        await container.StopAsync();
        await container.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (container is not null)
            await container.DisposeAsync();
        else if (server.IsValueCreated)
            await Run("stop");
        authority.Dispose();
        turn.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private async Task<BrokerServer> Start()
    {
        var (certificate, key) = authority.Issue(["localhost"], DateTimeOffset.UtcNow);
        await File.WriteAllTextAsync(AuthorityFile, authority.Certificate);
        return control is { Length: > 0 } ? await StartPrivate(certificate, key) : await StartContainer(certificate, key);
    }

    private async Task<BrokerServer> StartPrivate(string certificate, string key)
    {
        var configuration = Directory.CreateDirectory(Path.Combine(directory, "rabbitmq", "conf.d")).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "server.crt"), certificate);
        await File.WriteAllTextAsync(Path.Combine(directory, "server.key"), key);
        await File.WriteAllTextAsync(
            Path.Combine(configuration, "tls.conf"), $"listeners.ssl.1 = 127.0.0.1:{tlsPort}\n{Options(directory)}");
        await Run("start");
        var login = $"admin:{await Setting("rabbitmq.password")}@127.0.0.1";
        return new BrokerServer(
            new Uri($"amqp://{login}:{await Setting("rabbitmq.port")}/"),
            new Uri($"http://{login}:{await Setting("rabbitmq.management.port")}/"),
            Metrics: null);
    }

    private async Task<BrokerServer> StartContainer(string certificate, string key)
    {
        const string Tls = "/etc/rabbitmq/tls";
        var management = Ports.Free();
        container = new RabbitMqBuilder(TestServers.BrokerImage)
            .WithPortBinding(Ports.Free(), RabbitMqBuilder.RabbitMqPort)
            .WithPortBinding(management, ManagementPort)
            .WithPortBinding(tlsPort, TlsPort)
            .WithResourceMapping(await File.ReadAllBytesAsync(AuthorityFile), $"{Tls}/ca.crt")
            .WithResourceMapping(Encoding.UTF8.GetBytes(certificate), $"{Tls}/server.crt")
            .WithResourceMapping(Encoding.UTF8.GetBytes(key), $"{Tls}/server.key")
            .WithResourceMapping(
                Encoding.UTF8.GetBytes($"listeners.ssl.default = {TlsPort}\n{Options(Tls)}"), "/etc/rabbitmq/conf.d/20-tls.conf")
            .Build();
        await container.StartAsync();
        var plain = new Uri(container.GetConnectionString());
        return new BrokerServer(plain, new Uri($"http://{plain.UserInfo}@{plain.Host}:{management}/"), Metrics: null);
    }

    private static string Options(string tls) => $"""
        ssl_options.cacertfile = {tls}/ca.crt
        ssl_options.certfile = {tls}/server.crt
        ssl_options.keyfile = {tls}/server.key

        """;

    private async Task<string> Setting(string name) => (await File.ReadAllTextAsync(Path.Combine(directory, "settings", name))).Trim();

    private Task Run(string command) => TestServers.Run(control!, command, "rabbitmq", "--dir", directory);

    private sealed class Reservation(SemaphoreSlim turn) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            turn.Release();
            return ValueTask.CompletedTask;
        }
    }
}
