using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.WebUtilities;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Where the broker is, and whom to believe that it is the broker: <c>amqp://user:password@host:port/vhost</c>; with TLS,
/// <c>amqps://user:password@host:port/vhost?cacertfile=/path/ca.crt</c>. (The parameter has RabbitMQ's name for it.)
/// </summary>
internal sealed class BrokerAddress
{
    private const string AuthorityFile = "cacertfile";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection? authorities;

    /// <param name="address">The connection string.</param>
    /// <exception cref="ArgumentException">It has a parameter that is unknown, or that would have no effect.</exception>
    /// <exception cref="CryptographicException">The file named by <c>cacertfile</c> holds no certificate.</exception>
    public BrokerAddress(string address)
    {
        var given = new Uri(address);
        Uri = new Uri(given.GetLeftPart(UriPartial.Path));
        foreach (var (name, value) in QueryHelpers.ParseQuery(given.Query))
        {
            if (name != AuthorityFile || !IsTls)
                throw new ArgumentException($"'{name}' is no parameter of an address that begins with {Uri.Scheme}:", nameof(address));
            authorities = [];
            authorities.ImportFromPemFile(value!);
        }
    }

    /// <summary>Without parameters.</summary>
    public Uri Uri { get; }

    public bool IsTls => Uri.Scheme == "amqps";

    /// <summary>
    /// Accepts a server whose certificate is for the host of this address, and comes from the authority named in it; those that the
    /// machine trusts do not count then.
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
        // A private authority publishes no list of what it has revoked.
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return own.Build(server);
    }
}
