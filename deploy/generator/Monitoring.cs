namespace OrderPlatform.DeploymentGenerator;

/// <summary>Prometheus' configuration for each service; alerts and dashboards select by label.</summary>
internal static class Monitoring
{
    public static IEnumerable<string> Job(Service service) =>
    [
        $"- job_name: {service.Name}",
        $"  dns_sd_configs: [{{ names: [{service.Name}], type: A, port: 8080, refresh_interval: 15s }}]",
        "  relabel_configs: [{ target_label: kind, replacement: service }]",
    ];

    public static string ExpectedServices(ServiceList list) => $$"""
        # Generated from deploy/services.ini by deploy/generate: change the list, not this file.
        # The services that should be there: without this, a service that DNS does not know would not be missed.
        groups:
          - name: expected
            rules:
        {{string.Join("\n", list.Services.Select(service =>
            $"      - {{ record: job:services:expected, expr: vector(1), labels: {{ job: {service.Name} }} }}"))}}

        """;
}
