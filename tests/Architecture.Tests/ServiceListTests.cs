using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderPlatform.DeploymentGenerator;

namespace OrderPlatform.Architecture.Tests;

/// <summary><c>deploy/services.ini</c>: its content, and everything generated from it.</summary>
public sealed partial class ServiceListTests
{
    private const string Billing = """

        [Billing]
        port      = 5104
        publishes = InvoiceIssued
        consumes  = OrderConfirmed, ShipmentDispatched

        [Ledger]
        port      = 5105
        consumes  = InvoiceIssued
        """;

    private static readonly ServiceList List = ServiceList.Read(Solution.Root);

    private static readonly Dictionary<string, string> WithBilling = Deployment
        .Render(Solution.Root, ServiceList.Parse(File.ReadAllText(Path.Combine(Solution.Root, "deploy", "services.ini")) + Billing))
        .ToDictionary(file => file.Path, file => file.Content);

    [Fact]
    public void The_list_has_every_service_with_its_port_and_events()
    {
        var programs =
            from service in Solution.Services
            let program = File.ReadAllText(Path.Combine(service.Folder, "Program.cs"))
            let defaults = Defaults().Match(program).Groups
            select Describe(
                service.Name,
                defaults["name"].Value,
                int.Parse(defaults["port"].Value, CultureInfo.InvariantCulture),
                Events(program, "Publishes"),
                Events(program, "Records"),
                Events(program, "Handles"));

        Assert.Equal(
            programs.Order(StringComparer.Ordinal),
            List.Services
                .Select(service => Describe(
                    service.Project, service.Name, service.Port, service.Publishes, service.Records, service.Consumes))
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Generated_files_match_the_list() =>
        Assert.Empty(Deployment.Stale(Solution.Root).Select(file => $"{file.Path}: run deploy/generate"));

    [Fact]
    public void A_new_service_is_added_to_the_broker_definitions()
    {
        var definitions = JsonDocument.Parse(WithBilling["deploy/rabbitmq/definitions.json"]).RootElement;
        string[] Names(string list) =>
            [.. definitions.GetProperty(list).EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];
        string[] Patterns(string user) =>
        [
            .. from permission in definitions.GetProperty("permissions").EnumerateArray()
               where permission.GetProperty("user").GetString() == user
               from right in (string[])["configure", "write", "read"]
               select permission.GetProperty(right).GetString()!,
        ];
        var bindings = definitions.GetProperty("bindings").EnumerateArray()
            .Select(one => $"{one.GetProperty("source")} -> {one.GetProperty("destination")} by '{one.GetProperty("routing_key")}'");

        AssertAmong(Names("queues"), "billing", "billing_error", "billing_skipped");
        AssertAmong(
            Names("exchanges"),
            "OrderPlatform.Contracts.Billing:InvoiceIssued", "OrderPlatform.Contracts.Billing:replay", "billing", "billing_error");
        AssertAmong(Names("policies"), "billing", "billing-dead-letters");
        AssertAmong(
            [.. bindings],
            "OrderPlatform.Contracts.Orders:OrderConfirmed -> billing by ''",
            "OrderPlatform.Contracts.Orders:OrderConfirmed -> shipping by ''",
            "OrderPlatform.Contracts.Orders:replay -> billing by 'billing:OrderConfirmed'",
            "OrderPlatform.Contracts.Billing:InvoiceIssued -> ledger by ''",
            "OrderPlatform.Contracts.Billing:replay -> ledger by 'ledger:InvoiceIssued'",
            "billing -> billing by ''");
        Assert.Equal(
            [
                @"^(billing(_.*)?|OrderPlatform\.Contracts\.(Billing:.*"
                    + @"|Orders:(OrderConfirmed|replay)|Shipping:(ShipmentDispatched|replay)))$",
                @"^(billing(_.*)?|OrderPlatform\.Contracts\.(Billing:.*))$",
                @"^(billing(_.*)?|OrderPlatform\.Contracts\.(Orders:(OrderConfirmed|replay)|Shipping:(ShipmentDispatched|replay)))$",
            ],
            Patterns("billing"));
        Assert.All(Patterns("orders"), pattern => Assert.DoesNotContain("billing", pattern, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("docker-compose.yml", "    Ops__Peers__billing: \"http://localhost:${BILLING_PORT:-5104}\"\n")]
    [InlineData("docker-compose.yml", "      - secrets-billing:/credentials/billing\n")]
    [InlineData("docker-compose.yml", "  billing:\n    <<: *service\n    build: { context: ., dockerfile: deploy/Dockerfile, ")]
    [InlineData("docker-compose.yml", "args: { SERVICE: Billing } }\n    volumes: [\"secrets-billing:/run/secrets:ro\"]\n")]
    [InlineData("docker-compose.yml", "      - \"127.0.0.1:${BILLING_PORT:-5104}:5104\"\n")]
    [InlineData("docker-compose.yml", "  secrets-billing:\n")]
    [InlineData("deploy/compose/gateway/haproxy.cfg", "listen billing\n  bind :5104\n  server-template billing 10 billing:8080\n")]
    [InlineData("deploy/compose/gateway/haproxy.cfg", "  monitor fail if { nbsrv(billing) eq 0 }\n")]
    [InlineData("deploy/prometheus/prometheus.yml", "  - job_name: billing\n    dns_sd_configs: [{ names: [billing], type: A,")]
    [InlineData("deploy/prometheus/rules/expected.yml", "labels: { job: billing } }\n")]
    [InlineData("deploy/README.md", "| Billing | <http://localhost:5104/swagger>, [/ops](http://localhost:5104/ops) | `BILLING_PORT` |\n")]
    [InlineData("services/README.md", "| Billing | 5104 | InvoiceIssued |  | OrderConfirmed, ShipmentDispatched |\n")]
    public void A_new_service_is_added_to_each_generated_file(string file, string lines) =>
        Assert.Contains(lines, WithBilling[file], StringComparison.Ordinal);

    /// <summary>Each service has its own tables, so this file names every service.</summary>
    [Fact]
    public void The_end_to_end_tests_know_when_each_service_is_busy()
    {
        var text = File.ReadAllText(Path.Combine(Solution.Root, "tests", "EndToEnd.Tests", "Activity.cs"));

        Assert.All(List.Services, service => Assert.Contains($"(\"{service.Project}\", ", text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_service_changes_only_the_generated_parts()
    {
        foreach (var (path, content) in WithBilling.Where(file => GeneratedPart().IsMatch(file.Value)))
        {
            var today = File.ReadAllText(Path.Combine(Solution.Root, path));
            Assert.Equal(GeneratedPart().Replace(today, ""), GeneratedPart().Replace(content, ""));
        }
    }

    [Theory]
    [InlineData("[Orders]\nport = 5101\n[orders]", "Line 3: expected [Name]")]
    [InlineData("port = 5101", "Line 1: expected [Name]")]
    [InlineData("[Orders]\nports = 5101", "Line 2: expected [Name] or one of port,")]
    [InlineData("[Orders]\nport = 5101\nport = 5102", "Line 3: Orders has two settings 'port'.")]
    [InlineData("[Orders]\npublishes =", "Orders has no port.")]
    [InlineData("[Orders]\nport = 65536", "65536 is not a port.")]
    [InlineData("[Orders]\nport = 5101\n[ORDERS]\nport = 5102", "The service orders is listed twice.")]
    [InlineData("[Orders]\nport = 5101\n[Shipping]\nport = 5101", "The port 5101 is listed twice.")]
    [InlineData("[A]\nport = 1\nrecords = Done\n[B]\nport = 2\nrecords = Done", "The event Done is listed twice.")]
    [InlineData("[Orders]\nport = 5101\nconsumes = Unknown", "Orders consumes Unknown, which no service publishes.")]
    [InlineData("[Orders]\nport = 5101\npublishes = OrderPlaced", "Orders publishes OrderPlaced, which no service consumes")]
    public void A_mistake_in_the_list_is_reported(string list, string mistake) =>
        Assert.Contains(mistake, Assert.Throws<FormatException>(() => ServiceList.Parse(list)).Message, StringComparison.Ordinal);

    /// <summary>A name would be forgotten when a service is added, and a text that names one service is wrong for the others.</summary>
    [Fact]
    public void Rules_and_dashboards_select_no_service_by_name_and_rules_mention_none()
    {
        string[] files =
        [
            .. Directory.GetFiles(Path.Combine(Solution.Root, "deploy", "prometheus", "rules"), "*.yml")
                .Where(file => Path.GetFileName(file) != "expected.yml"),
            .. Directory.GetFiles(Path.Combine(Solution.Root, "deploy", "grafana", "dashboards"), "*.json"),
        ];
        var names = string.Join('|', List.Services.Select(one => one.Name));
        var projects = string.Join('|', List.Services.Select(one => one.Project));
        var selected = new Regex($"""\b(job|queue|service)(=~?\\?"|: )[^"]*\b({names})\b""");
        var mentioned = new Regex($"""\b(summary|description): .*\b({projects})\b""");

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Empty(selected.Matches(File.ReadAllText(file)).Select(match => match.Value)));
        Assert.All(
            files.Where(file => file.EndsWith(".yml", StringComparison.Ordinal)),
            file => Assert.Empty(mentioned.Matches(File.ReadAllText(file)).Select(match => match.Value)));
    }

    private static void AssertAmong(string[] all, params string[] these) => Assert.All(these, one => Assert.Contains(one, all));

    private static string Describe(
        string project, string name, int port, IEnumerable<string> publishes, IEnumerable<string> records, IEnumerable<string> consumes) =>
        $"{project} '{name}' {port}: publishes {string.Join(' ', publishes.Order())}; records {string.Join(' ', records.Order())}; "
        + $"consumes {string.Join(' ', consumes.Order())}";

    private static IEnumerable<string> Events(string program, string how) =>
        Registration().Matches(program).Where(match => match.Groups["how"].Value == how).Select(match => match.Groups["event"].Value);

    [GeneratedRegex("""AddServiceDefaults\("(?<name>\w+)", port: (?<port>\d+)\)""")]
    private static partial Regex Defaults();

    [GeneratedRegex(@"\.(?<how>Publishes|Records|Handles)<(?<event>\w+)[,>]")]
    private static partial Regex Registration();

    [GeneratedRegex("begin generated.*?end generated", RegexOptions.Singleline)]
    private static partial Regex GeneratedPart();
}
