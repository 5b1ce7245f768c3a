namespace OrderPlatform.DeploymentGenerator;

/// <summary>All that is derived from the list of services.</summary>
public static class Deployment
{
    /// <summary>The generated files that do not match the list, with the content they should have.</summary>
    /// <exception cref="FormatException">The list is not valid, or a file has lost the comments around a generated part.</exception>
    public static IReadOnlyList<(string Path, string Content)> Stale(string repository) =>
        [.. Render(repository, ServiceList.Read(repository)).Where(file => file.Content != Read(repository, file.Path))];

    /// <summary>Every generated file, for a list of services.</summary>
    public static IEnumerable<(string Path, string Content)> Render(string repository, ServiceList list) =>
        Files(list).Select(file => (file.Path, file.Generate(Read(repository, file.Path))));

    private static string Read(string repository, string path) =>
        Path.Combine(repository, path) is var file && File.Exists(file) ? File.ReadAllText(file) : "";

    /// <summary>Some lines for each service, with an empty line between two services.</summary>
    private static IEnumerable<string> Blocks(ServiceList list, Func<Service, IEnumerable<string>> block) =>
        list.Services.SelectMany(service => block(service).Prepend("")).Skip(1);

    private static IEnumerable<GeneratedFile> Files(ServiceList list) =>
    [
        GeneratedFile.Whole("deploy/rabbitmq/definitions.json", BrokerDefinitions.Render(list)),
        GeneratedFile.Parts(
            "docker-compose.yml",
            ("peers", list.Services.Select(Containers.Peer)),
            ("secrets of services", list.Services.Select(Containers.SecretsOfCredentials)),
            ("services", Blocks(list, Containers.Service)),
            ("ports of services", list.Services.Select(Containers.PublishedPort)),
            ("volumes of services", list.Services.Select(Containers.Volume))),
        GeneratedFile.Parts(
            "deploy/compose/gateway/haproxy.cfg",
            ("services", Blocks(list, Containers.Proxy)),
            ("health", list.Services.Select(Containers.ProxyHealth))),
        GeneratedFile.Parts("deploy/prometheus/prometheus.yml", ("services", Blocks(list, Monitoring.Job))),
        GeneratedFile.Whole("deploy/prometheus/rules/expected.yml", Monitoring.ExpectedServices(list)),
        GeneratedFile.Parts("deploy/README.md", ("services", Guides.Addresses(list))),
        GeneratedFile.Parts("services/README.md", ("services", Guides.Events(list))),
    ];
}
