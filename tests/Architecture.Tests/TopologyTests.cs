using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Architecture.Tests;

/// <summary>
/// The topology in deploy/rabbitmq matches each service's Program.cs. If a binding is missing there, every event that is published before
/// its consumer first starts is lost.
/// </summary>
public sealed partial class TopologyTests
{
    private static readonly JsonElement Definitions =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Solution.Root, "deploy", "rabbitmq", "definitions.json"))).RootElement;

    [Fact]
    public void Every_handler_has_a_binding_and_every_binding_a_handler()
    {
        var handled =
            from service in Solution.Services
            from match in Handles().Matches(ProgramOf(service)).Cast<Match>()
            let name = match.Groups[1].Value
            let queue = service.Name.ToLowerInvariant()
            from binding in (string[])
            [
                $"{WireAddressOf(name)} -> {queue} by ''",
                $"{ReplaysOf(WireAddressOf(name))} -> {queue} by '{queue}:{name}'",
            ]
            select binding;
        var bound =
            from binding in Definitions.GetProperty("bindings").EnumerateArray()
            where binding.GetProperty("destination_type").GetString() == "exchange"
            select $"{binding.GetProperty("source")} -> {binding.GetProperty("destination")} by '{binding.GetProperty("routing_key")}'";

        Assert.Equal(handled.Order(StringComparer.Ordinal), bound.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_published_event_has_an_exchange_with_a_consumer()
    {
        var published =
            from service in Solution.Services
            from match in Publishes().Matches(ProgramOf(service)).Cast<Match>()
            select WireAddressOf(match.Groups[1].Value);
        var replays = published.Select(ReplaysOf).Distinct();
        var exchanges =
            from exchange in Definitions.GetProperty("exchanges").EnumerateArray()
            let name = exchange.GetProperty("name").GetString()!
            where name.Contains(':', StringComparison.Ordinal)
            select $"{exchange.GetProperty("type")} {name}";
        var consumed = Definitions.GetProperty("bindings").EnumerateArray().Select(binding => binding.GetProperty("source").GetString()!);

        Assert.Equal(
            published.Select(name => $"fanout {name}").Concat(replays.Select(name => $"direct {name}")).Order(StringComparer.Ordinal),
            exchanges.Order(StringComparer.Ordinal));
        Assert.Subset(consumed.ToHashSet(), published.ToHashSet());
    }

    private static string ProgramOf(Project service) => File.ReadAllText(Path.Combine(service.Folder, "Program.cs"));

    private static string WireAddressOf(string contract)
    {
        var type = Solution.Contracts.Assembly.GetExportedTypes().Single(type => type.Name == contract);
        return $"{type.Namespace}:{type.Name}";
    }

    /// <summary>The exchange to which the event's producer sends replays.</summary>
    private static string ReplaysOf(string wireAddress) => $"{wireAddress.Split(':')[0]}:replay";

    [GeneratedRegex(@"\.Handles<(\w+),")]
    private static partial Regex Handles();

    [GeneratedRegex(@"\.Publishes<(\w+)>")]
    private static partial Regex Publishes();
}
