using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OrderPlatform.Credentials;
using OrderPlatform.Testing;
using Testcontainers.RabbitMq;

[assembly: AssemblyFixture(typeof(OrderPlatform.Messaging.Tests.Transport.TlsBroker))]

namespace OrderPlatform.Messaging.Tests.Transport;

/// <summary>
/// A RabbitMQ with TLS, whose certificate comes from an authority of its own. It is started when a test first asks for it: by the command
/// <c>TEST_SERVERS_CONTROL</c> (deploy/local/servers) if that is set, otherwise as a container.
/// </summary>
public sealed class TlsBroker : IAsyncDisposable
{
    private const int ContainerPort = 5671;

    private readonly Lazy<Task<Uri>> address;
    private readonly string directory = Directory.CreateTempSubdirectory("tls-broker-").FullName;
    private readonly string? control = Environment.GetEnvironmentVariable("TEST_SERVERS_CONTROL");
    private readonly Authority authority = Authority.Create(DateTimeOffset.UtcNow);
    private RabbitMqContainer? container;

    public TlsBroker() => address = new Lazy<Task<Uri>>(Start);

    /// <summary>Logs in as the administrator; names no authority to trust.</summary>
    public Task<Uri> Address => address.Value;

    /// <summary>The file of the authority that issued its certificate.</summary>
    public string AuthorityFile => Path.Combine(directory, "ca.crt");

    /// <summary>The file of another authority, of the same kind.</summary>
    public string WrongAuthorityFile => Path.Combine(directory, "wrong.crt");

    public async ValueTask DisposeAsync()
    {
        if (container is not null)
            await container.DisposeAsync();
        else if (address.IsValueCreated)
            await Run("stop");
        authority.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private async Task<Uri> Start()
    {
        using var wrong = Authority.Create(DateTimeOffset.UtcNow);
        var (certificate, key) = authority.Issue(["localhost"], DateTimeOffset.UtcNow);
        await File.WriteAllTextAsync(AuthorityFile, authority.Certificate);
        await File.WriteAllTextAsync(WrongAuthorityFile, wrong.Certificate);
        return control is { Length: > 0 } ? await StartPrivate(certificate, key) : await StartContainer(certificate, key);
    }

    private async Task<Uri> StartPrivate(string certificate, string key)
    {
        var port = FreePort();
        var configuration = Directory.CreateDirectory(Path.Combine(directory, "rabbitmq", "conf.d")).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "server.crt"), certificate);
        await File.WriteAllTextAsync(Path.Combine(directory, "server.key"), key);
        await File.WriteAllTextAsync(Path.Combine(configuration, "tls.conf"), $"listeners.ssl.1 = 127.0.0.1:{port}\n{Options(directory)}");
        await Run("start");
        var password = (await File.ReadAllTextAsync(Path.Combine(directory, "settings", "rabbitmq.password"))).Trim();
        return new Uri($"amqps://admin:{password}@localhost:{port}/");
    }

    private async Task<Uri> StartContainer(string certificate, string key)
    {
        const string Tls = "/etc/rabbitmq/tls";
        container = new RabbitMqBuilder(TestServers.BrokerImage)
            .WithPortBinding(ContainerPort, assignRandomHostPort: true)
            .WithResourceMapping(await File.ReadAllBytesAsync(AuthorityFile), $"{Tls}/ca.crt")
            .WithResourceMapping(Encoding.UTF8.GetBytes(certificate), $"{Tls}/server.crt")
            .WithResourceMapping(Encoding.UTF8.GetBytes(key), $"{Tls}/server.key")
            .WithResourceMapping(
                Encoding.UTF8.GetBytes($"listeners.ssl.default = {ContainerPort}\n{Options(Tls)}"), "/etc/rabbitmq/conf.d/20-tls.conf")
            .Build();
        await container.StartAsync();
        var plain = new Uri(container.GetConnectionString());
        return new Uri($"amqps://{plain.UserInfo}@localhost:{container.GetMappedPublicPort(ContainerPort)}/");
    }

    private static string Options(string tls) => $"""
        ssl_options.cacertfile = {tls}/ca.crt
        ssl_options.certfile = {tls}/server.crt
        ssl_options.keyfile = {tls}/server.key

        """;

    private async Task Run(string command)
    {
        using var process = Process.Start(control!, [command, "rabbitmq", "--dir", directory]);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
