using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using OrderPlatform.Credentials;

namespace OrderPlatform.Compose.Tests;

public sealed class CredentialsTests : IDisposable
{
    private const string Definitions = """
        {
          "permissions": [
            { "user": "orders", "vhost": "/", "configure": "", "write": "", "read": "" },
            { "user": "shipping", "vhost": "/", "configure": "", "write": "", "read": "" }
          ]
        }
        """;

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly string root = Directory.CreateTempSubdirectory("credentials-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_second_run_changes_nothing()
    {
        Provide(Now);
        var first = Snapshot();

        Provide(Now.AddDays(30));

        Assert.Equal(first, Snapshot());
    }

    [Fact]
    public void Every_password_is_different()
    {
        Provide(Now);

        var passwords = Directory.GetFiles(Path.Combine(root, "vault"), "*.password").Select(File.ReadAllText).ToArray();

        Assert.Equal(passwords.Length, passwords.Distinct().Count());
        Assert.All(passwords, password => Assert.Matches("^[0-9a-f]{40}$", password));
    }

    [Fact]
    public void Certificates_are_renewed_before_they_expire_and_passwords_stay()
    {
        Provide(Now);
        var first = Snapshot();

        Provide(Now.AddDays(700));

        var changed = Snapshot().Where(file => first[file.Key] != file.Value).Select(file => file.Key).Order(StringComparer.Ordinal);
        Assert.Equal(["postgres/server.crt", "postgres/server.key", "rabbitmq/server.crt", "rabbitmq/server.key"], changed);
        AssertTrusted("postgres", Now.AddDays(1400));
    }

    [Fact]
    public void An_authority_near_expiry_is_replaced_together_with_its_certificates()
    {
        Provide(Now);
        var first = Read("orders/ca.crt");

        Provide(Now.AddYears(8));

        Assert.NotEqual(first, Read("orders/ca.crt"));
        AssertTrusted("postgres", Now.AddYears(9));
        AssertTrusted("rabbitmq", Now.AddYears(9));
    }

    [Fact]
    public void A_certificate_that_does_not_match_its_key_is_renewed()
    {
        Provide(Now);
        File.Copy(Path.Combine(root, "rabbitmq", "server.key"), Path.Combine(root, "postgres", "server.key"), overwrite: true);

        Provide(Now);

        using var both = X509Certificate2.CreateFromPem(Read("postgres/server.crt"), Read("postgres/server.key"));
        Assert.True(both.HasPrivateKey);
    }

    /// <summary>The script that creates the databases finds the services by these files.</summary>
    [Fact]
    public void PostgreSQL_gets_a_password_for_every_service_of_the_broker()
    {
        Provide(Now);

        Assert.Equal(
            ["orders.password", "shipping.password"],
            Directory.GetFiles(Path.Combine(root, "postgres", "services")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(Read("vault/postgres.orders.password"), Read("postgres/services/orders.password"));
    }

    [Fact]
    public void A_service_is_given_only_its_own_passwords()
    {
        Provide(Now);

        var vault = Directory.GetFiles(Path.Combine(root, "vault"), "*.password")
            .ToDictionary(file => Path.GetFileName(file), File.ReadAllText);
        var given = string.Concat(Directory.GetFiles(Path.Combine(root, "shipping")).Select(File.ReadAllText));

        Assert.Equal(
            ["postgres.shipping.password", "rabbitmq.shipping.password"],
            vault.Where(password => given.Contains(password.Value, StringComparison.Ordinal))
                .Select(password => password.Key)
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_the_generator_can_read_the_originals()
    {
        Provide(Now);

        Assert.All(
            new DirectoryInfo(Path.Combine(root, "vault")).GetFiles(),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode));
    }

    /// <summary>The example in RabbitMQ's own documentation.</summary>
    [Fact]
    public void Passwords_are_hashed_the_way_RabbitMQ_hashes_them() =>
        Assert.Equal("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", BrokerDefinitions.Hash("test12", [0x90, 0x8D, 0xC6, 0x0A]));

    [Fact]
    public void RabbitMQ_gets_every_user_and_no_plain_password()
    {
        Provide(Now);

        var definitions = JsonDocument.Parse(Read("rabbitmq/definitions.json")).RootElement;

        Assert.Equal(
            ["orders", "shipping", "admin"],
            definitions.GetProperty("users").EnumerateArray().Select(user => user.GetProperty("name").GetString()!));
        Assert.Equal(
            ["orders", "shipping", "admin"],
            definitions.GetProperty("permissions").EnumerateArray().Select(permission => permission.GetProperty("user").GetString()!));
        Assert.DoesNotContain(
            Directory.GetFiles(Path.Combine(root, "vault"), "rabbitmq.*"),
            file => Read("rabbitmq/definitions.json").Contains(File.ReadAllText(file), StringComparison.Ordinal));
    }

    private void Provide(DateTimeOffset now) => new Platform(root).Provide(Definitions, now);

    private string Read(string file) => File.ReadAllText(Path.Combine(root, file));

    private Dictionary<string, string> Snapshot() => Directory.GetFiles(root, "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(root, file), File.ReadAllText);

    /// <summary>Asserts that a client that trusts only the authority accepts the certificate at that time.</summary>
    private void AssertTrusted(string server, DateTimeOffset then)
    {
        using var authority = X509Certificate2.CreateFromPem(Read("orders/ca.crt"));
        using var certificate = X509Certificate2.CreateFromPem(Read($"{server}/server.crt"));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = then.LocalDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        Assert.True(chain.Build(certificate), string.Join(' ', chain.ChainStatus.Select(status => status.StatusInformation)));
        Assert.True(certificate.MatchesHostname(server));
    }
}
