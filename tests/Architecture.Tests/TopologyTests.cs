using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Architecture.Tests;

/// <summary>
/// What deploy/rabbitmq declares is what the services say in Program.cs. A binding that is missing there loses every event that
/// is published before its consumer first starts.
/// </summary>
public sealed partial class TopologyTests
{
    private static readonly JsonElement Definitions =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Solution.Root, "deploy", "rabbitmq", "definitions.json"))).RootElement;

    [Fact]
    public void Every_handler_has_its_binding_and_every_binding_its_handler()
    {
        var handled =
            from service in Solution.Services
            from match in Handles().Matches(ProgramOf(service)).Cast<Match>()
            select $"{WireAddressOf(match.Groups[1].Value)} -> {service.Name.ToLowerInvariant()}";
        var bound =
            from binding in Definitions.GetProperty("bindings").EnumerateArray()
            where binding.GetProperty("destination_type").GetString() == "exchange"
            select $"{binding.GetProperty("source").GetString()} -> {binding.GetProperty("destination").GetString()}";

        Assert.Equal(handled.Order(StringComparer.Ordinal), bound.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_published_event_has_its_exchange_and_somebody_who_hears_it()
    {
        var published =
            from service in Solution.Services
            from match in Publishes().Matches(ProgramOf(service)).Cast<Match>()
            select WireAddressOf(match.Groups[1].Value);
        var exchanges =
            from exchange in Definitions.GetProperty("exchanges").EnumerateArray()
            let name = exchange.GetProperty("name").GetString()!
            where name.Contains(':', StringComparison.Ordinal)
            select name;
        var heard = Definitions.GetProperty("bindings").EnumerateArray().Select(binding => binding.GetProperty("source").GetString()!);

        Assert.Equal(published.Order(StringComparer.Ordinal), exchanges.Order(StringComparer.Ordinal));
        Assert.Subset(heard.ToHashSet(), published.ToHashSet());
    }

    private static string ProgramOf(Project service) => File.ReadAllText(Path.Combine(service.Folder, "Program.cs"));

    private static string WireAddressOf(string contract)
    {
        var type = Solution.Contracts.Assembly.GetExportedTypes().Single(type => type.Name == contract);
        return $"{type.Namespace}:{type.Name}";
    }

    [GeneratedRegex(@"\.Handles<(\w+),")]
    private static partial Regex Handles();

    [GeneratedRegex(@"\.Publishes<(\w+)>")]
    private static partial Regex Publishes();
}
