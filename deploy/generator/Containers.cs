namespace OrderPlatform.DeploymentGenerator;

/// <summary>A service in docker-compose.yml and at its gateway.</summary>
internal static class Containers
{
    public static string Peer(Service service) => $"Ops__Peers__{service.Name}: \"http://localhost:{Port(service)}\"";

    public static string SecretsOfCredentials(Service service) => $"- secrets-{service.Name}:/credentials/{service.Name}";

    public static IEnumerable<string> Service(Service service) =>
    [
        $"{service.Name}:",
        "  <<: *service",
        $"  build: {{ context: ., dockerfile: deploy/Dockerfile, target: service, args: {{ SERVICE: {service.Project} }} }}",
        $"  volumes: [\"secrets-{service.Name}:/run/secrets:ro\"]",
    ];

    public static string PublishedPort(Service service) => $"- \"127.0.0.1:{Port(service)}:{service.Port}\"";

    public static string Volume(Service service) => $"secrets-{service.Name}:";

    public static IEnumerable<string> Proxy(Service service) =>
    [
        $"listen {service.Name}",
        $"  bind :{service.Port}",
        $"  server-template {service.Name} 10 {service.Name}:8080",
    ];

    public static string ProxyHealth(Service service) => $"monitor fail if {{ nbsrv({service.Name}) eq 0 }}";

    /// <summary>The port on the host, in Compose's syntax.</summary>
    private static string Port(Service service) => $"${{{service.PortVariable}:-{service.Port}}}";
}
