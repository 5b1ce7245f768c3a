namespace OrderPlatform.DeploymentGenerator;

/// <summary>Tables in READMEs.</summary>
internal static class Guides
{
    public static IEnumerable<string> Addresses(ServiceList list) =>
    [
        "",
        "| service | where | variable for another port |",
        "|---|---|---|",
        .. list.Services.Select(service =>
            $"| {service.Project} | <http://localhost:{service.Port}/swagger>, [/ops](http://localhost:{service.Port}/ops) "
            + $"| `{service.PortVariable}` |"),
        "",
    ];

    public static IEnumerable<string> Events(ServiceList list) =>
    [
        "",
        "| service | port | publishes | records | consumes |",
        "|---|---|---|---|---|",
        .. list.Services.Select(service =>
            $"| {service.Project} | {service.Port} | {Join(service.Publishes)} | {Join(service.Records)} | {Join(service.Consumes)} |"),
        "",
    ];

    private static string Join(IEnumerable<string> events) => string.Join(", ", events);
}
