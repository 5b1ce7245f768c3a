namespace OrderPlatform.DeploymentGenerator;

/// <summary>
/// RabbitMQ's definitions: exchanges, queues and bindings as the services declare them, so that no event is lost before its consumer first
/// runs; and the permissions of each service's user. Users are not included, because they have passwords.
/// </summary>
internal static class BrokerDefinitions
{
    /// <summary>Each service has one queue, one for failed messages, and one for messages without a handler.</summary>
    private static readonly string[] Suffixes = ["", "_error", "_skipped"];

    /// <summary>RabbitMQ ignores the explanation; its own exports have one as well.</summary>
    public static string Render(ServiceList list) => $$"""
        {
          "explanation": "Generated from deploy/services.ini by deploy/generate: change the list, not this file.",

          "vhosts": [{ "name": "/" }],

          "permissions": {{Array(list.Services.Select(service => Permission(list, service)))}},

          "exchanges": {{Array(Exchanges(list))}},

          "queues": {{Array(Endpoints(list).Select(Queue))}},

          "bindings": {{Array(Bindings(list))}},

          "policies": {{Array([.. list.Services.Select(EndpointPolicy), .. list.Services.Select(DeadLetterPolicy)])}}
        }

        """;

    /// <summary>A service writes to its own queues and events; it reads its queues and consumed events, and may declare both.</summary>
    private static string Permission(ServiceList list, Service service)
    {
        var queues = $"{service.Name}(_.*)?";
        string[] consumed =
        [
            .. from name in service.Consumes
               group name by list.ProducerOf(name) into events
               select $"{events.Key.Project}:({string.Join('|', [.. events, "replay"])})",
        ];
        return $$"""
            {
                  "user": "{{service.Name}}",
                  "vhost": "/",
                  "configure": "{{Pattern(queues, [$"{service.Project}:.*", .. consumed])}}",
                  "write": "{{Pattern(queues, [$"{service.Project}:.*"])}}",
                  "read": "{{Pattern(queues, consumed)}}"
                }
            """;
    }

    private static string Pattern(string queues, string[] events) =>
        events.Length == 0 ? $"^{queues}$" : $@"^({queues}|OrderPlatform\\.Contracts\\.({string.Join('|', events)}))$";

    private static IEnumerable<string> Exchanges(ServiceList list) =>
    [
        .. from service in list.Services
           from name in service.Publishes
           select Exchange($"{service.Namespace}:{name}", "fanout"),
        .. from service in list.Services
           where service.Publishes.Count > 0
           select Exchange($"{service.Namespace}:replay", "direct"),
        .. Endpoints(list).Select(name => Exchange(name, "fanout")),
    ];

    private static IEnumerable<string> Bindings(ServiceList list)
    {
        var hops =
            from producer in list.Services
            from name in producer.Publishes
            from consumer in list.ConsumersOf(name)
            select (Producer: producer.Namespace, Event: name, Consumer: consumer.Name);
        return
        [
            .. hops.Select(hop => Binding($"{hop.Producer}:{hop.Event}", hop.Consumer, "exchange", "")),
            .. hops.Select(hop => Binding($"{hop.Producer}:replay", hop.Consumer, "exchange", $"{hop.Consumer}:{hop.Event}")),
            .. Endpoints(list).Select(name => Binding(name, name, "queue", "")),
        ];
    }

    private static IEnumerable<string> Endpoints(ServiceList list) =>
        list.Services.SelectMany(_ => Suffixes, (service, suffix) => service.Name + suffix);

    private static string Exchange(string name, string type) =>
        $$"""{ "name": "{{name}}", "vhost": "/", "type": "{{type}}", "durable": true, "auto_delete": false, "arguments": {} }""";

    private static string Queue(string name) =>
        $$"""{ "name": "{{name}}", "vhost": "/", "durable": true, "auto_delete": false, "arguments": { "x-queue-type": "quorum" } }""";

    private static string Binding(string source, string destination, string type, string key) =>
        $$"""{ "source": "{{source}}", "vhost": "/", "destination": "{{destination}}", "destination_type": "{{type}}","""
        + $$""" "routing_key": "{{key}}", "arguments": {} }""";

    /// <summary>A message that killed its consumer a hundred times moves to the error queue.</summary>
    private static string EndpointPolicy(Service service) =>
        $$"""{ "vhost": "/", "name": "{{service.Name}}", "pattern": "^{{service.Name}}(?!.*_(error|skipped)$)(_.*)?$","""
        + $$""" "apply-to": "queues", "priority": 0, "definition": { "dead-letter-exchange": "{{service.Name}}_error","""
        + """ "dead-letter-strategy": "at-least-once", "overflow": "reject-publish", "delivery-limit": 100 } }""";

    /// <summary>An error queue has no delivery limit.</summary>
    private static string DeadLetterPolicy(Service service) =>
        $$"""{ "vhost": "/", "name": "{{service.Name}}-dead-letters", "pattern": "^{{service.Name}}(_.*)?_(error|skipped)$","""
        + """ "apply-to": "queues", "priority": 0, "definition": { "delivery-limit": 1000000000 } }""";

    private static string Array(IEnumerable<string> items) => $"[\n    {string.Join(",\n    ", items)}\n  ]";
}
