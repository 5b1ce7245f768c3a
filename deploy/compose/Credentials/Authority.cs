using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrderPlatform.Credentials;

/// <summary>The platform's own certificate authority, the only one that its clients trust.</summary>
public sealed class Authority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(730);

    // A platform that is restarted every few weeks must never meet an expired certificate.
    private static readonly TimeSpan RenewedBefore = TimeSpan.FromDays(60);

    // The clock of a container may be slightly behind the one that issued the certificate.
    private static readonly TimeSpan Skew = TimeSpan.FromHours(1);

    private readonly X509Certificate2 certificate;

    private Authority(X509Certificate2 certificate) => this.certificate = certificate;

    /// <summary>As PEM.</summary>
    public string Certificate => certificate.ExportCertificatePem();

    /// <summary>The authority in a directory; a new one if there is none, or if it would expire before its certificates.</summary>
    public static Authority In(string directory, DateTimeOffset now)
    {
        var file = Path.Combine(directory, "ca.pem");
        if (File.Exists(file))
        {
            var known = X509Certificate2.CreateFromPemFile(file);
            if (known.NotAfter > (now + ServerLifetime + RenewedBefore).LocalDateTime)
                return new Authority(known);
            known.Dispose();
        }

        var made = Create(now);
        Files.Write(file, $"{made.Certificate}\n{made.certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}\n", Files.ForOneself);
        return made;
    }

    /// <summary>A new authority, which is not stored.</summary>
    public static Authority Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=OrderPlatform {now:yyyy-MM-dd HH:mm}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return new Authority(request.CreateSelfSigned(now - Skew, now + Lifetime));
    }

    /// <summary>A server's certificate and key, as PEM.</summary>
    /// <param name="hosts">The names and addresses that clients use; the first is also its common name.</param>
    /// <param name="now">The start of its validity.</param>
    public (string Certificate, string Key) Issue(IReadOnlyList<string> hosts, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={hosts[0]}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(NamesOf(hosts));
        using var issued = request.Create(certificate, now - Skew, now + ServerLifetime, RandomNumberGenerator.GetBytes(16));
        return (issued.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>Whether this is a certificate of this authority with its key, and far from expiry.</summary>
    public bool Vouches(string server, string key, DateTimeOffset now)
    {
        try
        {
            using var its = X509Certificate2.CreateFromPem(server, key);
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(certificate);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            chain.ChainPolicy.VerificationTime = now.LocalDateTime;
            return its.NotAfter > (now + RenewedBefore).LocalDateTime && chain.Build(its);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // The key belongs to another certificate: writing was interrupted between the two files.
            return false;
        }
    }

    public void Dispose() => certificate.Dispose();

    private static X509Extension NamesOf(IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        return names.Build();
    }
}
