namespace OrderPlatform.Credentials;

/// <summary>The containers and their secrets: each has a directory below the root, which is mounted into that container only.</summary>
/// <param name="root">Its directory <c>vault</c> holds the originals, and is mounted nowhere else.</param>
public sealed class Platform(string root)
{
    private readonly Vault vault = new(Path.Combine(root, "vault"));

    /// <param name="definitions">RabbitMQ's definitions; each name with permissions there is a service, with its own directory.</param>
    /// <param name="now">The start of the certificates' validity.</param>
    public void Provide(string definitions, DateTimeOffset now)
    {
        var services = BrokerDefinitions.UsersOf(definitions);
        using var authority = Authority.In(Path.Combine(root, "vault"), now);

        ProvideServer(authority, "postgres", now);
        foreach (var service in services)
            Write("postgres", $"services/{service}.password", vault.Password($"postgres.{service}"));
        foreach (var role in (string[])["postgres", "monitoring"])
            Write("postgres", $"{role}.password", vault.Password($"postgres.{role}"));

        ProvideServer(authority, "rabbitmq", now);
        var users = services.ToDictionary(service => service, service => vault.Password($"rabbitmq.{service}"));
        Write("rabbitmq", "definitions.json", BrokerDefinitions.WithUsers(definitions, users, vault.Password("rabbitmq.admin")));

        foreach (var service in services)
        {
            Write(service, "ca.crt", authority.Certificate);
            Write(service, "ConnectionStrings__Database", DatabaseOf(service));
            Write(service, "ConnectionStrings__Broker", BrokerOf(service));
        }

        Write("grafana", "admin.password", vault.Password("grafana.admin"));
        Write("postgres-exporter", "ca.crt", authority.Certificate);
        Write("postgres-exporter", "password", vault.Password("postgres.monitoring"));
    }

    /// <summary>The logins of the administrators, as text for people.</summary>
    public string Logins() => string.Concat(
        from login in new[]
        {
            ("Grafana", "admin", "grafana.admin"),
            ("RabbitMQ", "admin", "rabbitmq.admin"),
            ("PostgreSQL", "postgres", "postgres.postgres"),
        }
        let password = vault.Find(login.Item3) ?? "(not made yet)"
        select $"{login.Item1,-10}  user: {login.Item2,-8}  password: {password}\n");

    /// <summary>A path in the container, where the volume of a service is mounted.</summary>
    private static string Mounted(string file) => $"/run/secrets/{file}";

    private string DatabaseOf(string service) =>
        $"Host=postgres;Database={service};Username={service};Password={vault.Password($"postgres.{service}")};" +
        $"SSL Mode=VerifyFull;Root Certificate={Mounted("ca.crt")};GSS Encryption Mode=Disable";

    private string BrokerOf(string service) =>
        $"amqps://{service}:{vault.Password($"rabbitmq.{service}")}@rabbitmq:5671/?cacertfile={Mounted("ca.crt")}";

    /// <summary>The authority, and a certificate for this server; <c>localhost</c> is for clients on the host.</summary>
    private void ProvideServer(Authority authority, string server, DateTimeOffset now)
    {
        string[] hosts = [server, "localhost"];
        Write(server, "ca.crt", authority.Certificate);
        var (certificate, key) = (Path.Combine(root, server, "server.crt"), Path.Combine(root, server, "server.key"));
        if (File.Exists(key) && File.Exists(certificate) && authority.Vouches(File.ReadAllText(certificate), File.ReadAllText(key), now))
            return;
        var issued = authority.Issue(hosts, now);
        Files.Write(certificate, issued.Certificate, Files.ForItsContainer);
        Files.Write(key, issued.Key, Files.ForItsContainer);
        Console.WriteLine($"A new certificate for {server}: {server} will use it after its next start.");
    }

    private void Write(string container, string file, string content) =>
        Files.Write(Path.Combine(root, container, file), content, Files.ForItsContainer);
}
