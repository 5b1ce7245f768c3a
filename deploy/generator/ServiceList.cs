using System.Globalization;
using System.Text.RegularExpressions;

namespace OrderPlatform.DeploymentGenerator;

/// <summary>The services of <c>deploy/services.ini</c>, in the order of the file.</summary>
public sealed partial class ServiceList
{
    private ServiceList(IReadOnlyList<Service> services) => Services = services;

    public IReadOnlyList<Service> Services { get; }

    /// <summary>The list of a repository.</summary>
    /// <exception cref="FormatException">The list is not valid; the message says where and why.</exception>
    public static ServiceList Read(string repository) => Parse(File.ReadAllText(Path.Combine(repository, "deploy", "services.ini")));

    /// <inheritdoc cref="Read"/>
    public static ServiceList Parse(string text)
    {
        var sections = new List<(string Name, Dictionary<string, string> Values)>();
        foreach (var (number, line) in text.Split('\n').Select(line => line.Trim()).Index())
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (Section().Match(line) is { Success: true } section)
                sections.Add((section.Groups["name"].Value, []));
            else if (Setting().Match(line) is not { Success: true } setting || sections.Count == 0)
                throw new FormatException($"Line {number + 1}: expected [Name] or one of port, publishes, records, consumes: {line}");
            else if (!sections[^1].Values.TryAdd(setting.Groups["key"].Value, setting.Groups["value"].Value))
                throw new FormatException($"Line {number + 1}: {sections[^1].Name} has two settings '{setting.Groups["key"].Value}'.");
        }

        var list = new ServiceList([.. sections.Select(section => ToService(section.Name, section.Values))]);
        list.Validate();
        return list;
    }

    /// <summary>The service that publishes an event.</summary>
    public Service ProducerOf(string published) => Services.Single(service => service.Publishes.Contains(published));

    /// <summary>The services that consume an event.</summary>
    public IEnumerable<Service> ConsumersOf(string published) => Services.Where(service => service.Consumes.Contains(published));

    private static Service ToService(string name, Dictionary<string, string> values) => new(
        name,
        int.TryParse(values.GetValueOrDefault("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? port
            : throw new FormatException($"{name} has no port."),
        Events(values, "publishes"),
        Events(values, "records"),
        Events(values, "consumes"));

    private static string[] Events(Dictionary<string, string> values, string key) => values.GetValueOrDefault(key, "")
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private void Validate()
    {
        RefuseDuplicates("service", Services.Select(service => service.Name));
        RefuseDuplicates("port", Services.Select(service => $"{service.Port}"));
        RefuseDuplicates("event", Services.SelectMany(service => service.Publishes.Concat(service.Records)));
        foreach (var service in Services)
        {
            RefuseDuplicates($"consumed event of {service.Project}", service.Consumes);
            if (service.Port is < 1 or > 65535)
                throw new FormatException($"{service.Project}: {service.Port} is not a port.");
            if (service.Consumes.FirstOrDefault(consumed => !Services.Any(other => other.Publishes.Contains(consumed))) is { } unknown)
                throw new FormatException($"{service.Project} consumes {unknown}, which no service publishes.");
            // Events are published as mandatory: one without a bound queue would stop the relay.
            if (service.Publishes.FirstOrDefault(published => !ConsumersOf(published).Any()) is { } unconsumed)
                throw new FormatException($"{service.Project} publishes {unconsumed}, which no service consumes: record it instead.");
        }
    }

    private static void RefuseDuplicates(string what, IEnumerable<string> names)
    {
        if (names.CountBy(name => name).FirstOrDefault(name => name.Value > 1).Key is { } twice)
            throw new FormatException($"The {what} {twice} is listed twice.");
    }

    [GeneratedRegex(@"^\[(?<name>[A-Z][A-Za-z0-9]*)\]$")]
    private static partial Regex Section();

    [GeneratedRegex(@"^(?<key>port|publishes|records|consumes)\s*=\s*(?<value>[\w\s,]*)$")]
    private static partial Regex Setting();
}
