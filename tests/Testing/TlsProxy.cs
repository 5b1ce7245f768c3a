using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OrderPlatform.Credentials;

namespace OrderPlatform.Testing;

/// <summary>Speaks TLS with its clients on behalf of a broker, with a certificate for <c>localhost</c> from its own authority.</summary>
public sealed class TlsProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource end = new();
    private readonly string directory = Directory.CreateTempSubdirectory("tls-proxy-").FullName;
    private readonly X509Certificate2 certificate;
    private readonly Uri broker;
    private readonly Task accepting;

    public TlsProxy(Uri broker)
    {
        this.broker = broker;
        var now = DateTimeOffset.UtcNow;
        using var authority = Authority.Create(now);
        using var wrong = Authority.Create(now);
        File.WriteAllText(AuthorityFile, authority.Certificate);
        File.WriteAllText(WrongAuthorityFile, wrong.Certificate);
        var (issued, key) = authority.Issue(["localhost"], now);
        certificate = X509Certificate2.CreateFromPem(issued, key);
        listener.Start();
        accepting = Accept();
    }

    /// <summary>The file of the authority that issued its certificate.</summary>
    public string AuthorityFile => Path.Combine(directory, "ca.crt");

    /// <summary>The file of another authority.</summary>
    public string WrongAuthorityFile => Path.Combine(directory, "wrong.crt");

    /// <summary>The broker's address through this proxy.</summary>
    /// <param name="authority">The file of the authority to trust; null to trust those of the machine.</param>
    /// <param name="host">A name of this machine, which the client expects in the certificate.</param>
    public string Address(string? authority, string host = "localhost") => new UriBuilder(broker)
    {
        Scheme = "amqps",
        Host = host,
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        Query = authority is null ? "" : $"cacertfile={Uri.EscapeDataString(authority)}",
    }.Uri.AbsoluteUri;

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        listener.Stop();
        await accepting;
        certificate.Dispose();
        end.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private async Task Accept()
    {
        var links = new List<Task>();
        try
        {
            while (true)
                links.Add(Join(await listener.AcceptTcpClientAsync(end.Token)));
        }
        catch (Exception) when (end.IsCancellationRequested)
        {
            await Task.WhenAll(links);
        }
    }

    private async Task Join(TcpClient client)
    {
        using var server = new TcpClient();
        using var _ = client;
        try
        {
            await using var secure = new SslStream(client.GetStream());
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, end.Token);
            await server.ConnectAsync(broker.Host, broker.Port, end.Token);
            await Task.WhenAny(
                secure.CopyToAsync(server.GetStream(), end.Token), server.GetStream().CopyToAsync(secure, end.Token));
        }
        catch (Exception exception)
            when (exception is AuthenticationException or IOException or SocketException or OperationCanceledException)
        {
            // The client does not trust the certificate, or one side is gone.
        }
    }
}
