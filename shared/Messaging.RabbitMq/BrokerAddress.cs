using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// The broker's address, and the certificate authority to trust: <c>amqp://user:password@host:port/vhost</c>; with TLS,
/// <c>amqps://user:password@host:port/vhost?cacertfile=/path/ca.crt</c>. (The parameter's name is RabbitMQ's.) A cluster's nodes are
/// separated by commas: <c>amqp://user:password@host1:5672,host2:5672/vhost</c>; with TLS, each presents a certificate for its own name.
/// </summary>
internal sealed partial class BrokerAddress
{
    private const string AuthorityFile = "cacertfile";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const int DefaultPort = 5672;
    private const int DefaultTlsPort = 5671;

    private readonly X509Certificate2Collection? authorities;

    /// <param name="address">The connection string.</param>
    /// <exception cref="ArgumentException">It is invalid; the message says why, but never quotes it, because of the password.</exception>
    /// <exception cref="CryptographicException">The file named by <c>cacertfile</c> holds no certificate.</exception>
    public BrokerAddress(string address)
    {
        IsTls = address.StartsWith("amqps:", StringComparison.Ordinal);
        var parts = Parts().Match(address);
        if (!address.StartsWith("amqp://", StringComparison.Ordinal) && !address.StartsWith("amqps://", StringComparison.Ordinal))
            throw Unusable("it must begin with amqp:// or amqps://");
        if (!parts.Success)
            throw Unusable("a '/' in the user name, the password or the virtual host must be written as %2F, a '#' as %23");

        (UserName, Password) = Credentials(parts.Groups["user"]);
        Nodes = [.. parts.Groups["hosts"].Value.Split(',').Select(NodeOf)];
        VirtualHost = parts.Groups["vhost"].Value is { Length: > 0 } path ? Uri.UnescapeDataString(path) : "/";
        foreach (var (name, value) in QueryHelpers.ParseQuery(parts.Groups["query"].Value))
        {
            if (name != AuthorityFile || !IsTls)
                throw Unusable($"'{name}' is not a parameter of an address that begins with {(IsTls ? "amqps" : "amqp")}:");
            authorities = [];
            authorities.ImportFromPemFile(value!);
        }
    }

    /// <summary>The nodes of the cluster, one or more; each connection tries them in random order, which spreads the load.</summary>
    public IReadOnlyList<BrokerNode> Nodes { get; }

    public string UserName { get; }

    public string Password { get; }

    public string VirtualHost { get; }

    public bool IsTls { get; }

    /// <summary>The nodes as RabbitMQ.Client takes them, with TLS where the address asks for it.</summary>
    public IEnumerable<AmqpTcpEndpoint> Endpoints() => Nodes.Select(node => new AmqpTcpEndpoint(
        node.Host, node.Port, new SslOption(node.Host, enabled: IsTls) { CertificateValidationCallback = Accepts }));

    /// <summary>A queue's address as MassTransit writes it.</summary>
    /// <param name="node">The node that the queue is consumed from.</param>
    public Uri AddressOf(BrokerNode node, string queue) => new UriBuilder(
        IsTls ? "rabbitmqs" : "rabbitmq",
        node.Host,
        node.Port,
        VirtualHost == "/" ? queue : $"{Uri.EscapeDataString(VirtualHost)}/{queue}").Uri;

    /// <summary>
    /// Accepts a server whose certificate is for the requested host, and comes from the authority that the address names. If it names one,
    /// authorities that the machine trusts do not count.
    /// </summary>
    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (authorities is null)
            return errors == SslPolicyErrors.None;
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0 || certificate is not X509Certificate2 server)
            return false;

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.ExtraStore.AddRange(chain?.ChainPolicy.ExtraStore ?? []);
        own.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        // A private authority publishes no revocation list.
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return own.Build(server);
    }

    private static (string UserName, string Password) Credentials(Group user) => user.Value.Split(':') switch
    {
        _ when !user.Success => (ConnectionFactory.DefaultUser, ConnectionFactory.DefaultPass),
        _ when user.Value.Contains('@', StringComparison.Ordinal) =>
            throw Unusable("a '@' in the user name or the password must be written as %40"),
        [var name, var password] => (Uri.UnescapeDataString(name), Uri.UnescapeDataString(password)),
        [_] => throw Unusable("it names a user but no password"),
        _ => throw Unusable("a ':' in the user name or the password must be written as %3A"),
    };

    private BrokerNode NodeOf(string node)
    {
        if (string.IsNullOrWhiteSpace(node))
            throw Unusable("a host is missing");
        return Uri.TryCreate($"amqp://{node}", UriKind.Absolute, out var uri) && uri is { Host.Length: > 0, Port: not 0 }
            ? new BrokerNode(uri.Host, uri.Port > 0 ? uri.Port : IsTls ? DefaultTlsPort : DefaultPort)
            : throw Unusable(
                "a host or its port is not valid (host:port, several with commas between them); "
                + "a '/' in the user name or the password must be written as %2F");
    }

    private static ArgumentException Unusable(string reason) => new($"The setting ConnectionStrings:Broker cannot be used: {reason}.");

    [GeneratedRegex("^amqps?://((?<user>[^/?#]*)@)?(?<hosts>[^/?#@]*)(/(?<vhost>[^/?#]*))?(\\?(?<query>.*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();
}

/// <summary>Where a server listens; the setting names one for each server of a cluster.</summary>
/// <param name="Host">Its name or IP address.</param>
/// <param name="Port">Its AMQP port.</param>
internal sealed record BrokerNode(string Host, int Port);
