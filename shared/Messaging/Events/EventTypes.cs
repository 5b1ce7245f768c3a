using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderPlatform.Messaging.Events;

/// <summary>
/// The events that a service appends: their wire address <c>Namespace:Name</c> (MassTransit's name for the exchange as well), and
/// their JSON.
/// </summary>
public sealed class EventTypes
{
    private readonly HashSet<string> published = [];
    private readonly Dictionary<string, Type> own = [];

    /// <summary>How events are written and read: camelCase, enums as strings, unknown properties ignored.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The wire addresses of the events that the relay publishes; all others stay in the log.</summary>
    internal IReadOnlySet<string> Published => published;

    /// <summary>The wire address of a contract.</summary>
    public static string NameOf(Type type) => $"{type.Namespace}:{type.Name}";

    /// <summary>The part of a wire address that names the contract, without its namespace.</summary>
    public static string ShortNameOf(string name) => name[(name.LastIndexOf(':') + 1)..];

    /// <summary>The part of a wire address that names the producer.</summary>
    public static string ProducerOf(string name) => name[..name.LastIndexOf(':')];

    /// <summary>Reads an event of this service's log.</summary>
    /// <exception cref="InvalidOperationException">Program.cs neither publishes nor records such events.</exception>
    public object Read(EventEnvelope logged) => own.TryGetValue(logged.Type, out var type)
        ? logged.Read(type)
        : throw new InvalidOperationException(
            $"The log has an event of type '{logged.Type}', which Program.cs neither publishes nor records.");

    /// <summary>The names of the events that this service appends, without their namespaces, for error messages.</summary>
    internal string KnownNames => string.Join(", ", own.Values.Select(type => type.Name).Order(StringComparer.Ordinal));

    /// <summary>The wire address of an event that this service appends, by its name or its wire address; null when there is none.</summary>
    internal string? AddressOf(string name) =>
        own.ContainsKey(name) ? name : own.FirstOrDefault(known => known.Value.Name == name).Key;

    /// <summary>The names of the events that this service publishes, without their namespaces, for error messages.</summary>
    internal string PublishedNames => string.Join(", ", published.Select(ShortNameOf).Order(StringComparer.Ordinal));

    /// <summary>The wire address of an event that this service publishes, by its name or its wire address; else null.</summary>
    internal string? PublishedAs(string name) => AddressOf(name) is { } address && published.Contains(address) ? address : null;

    internal static object Read(Type type, ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize(body, type, Json) ?? throw new JsonException("The body is null.");

    internal void Record(Type type) => own[NameOf(type)] = type;

    internal void Publish(Type type)
    {
        Record(type);
        published.Add(NameOf(type));
    }

    internal string NameForAppending(object @event)
    {
        var name = NameOf(@event.GetType());
        return own.ContainsKey(name)
            ? name
            : throw new InvalidOperationException($"'{name}' was appended, but Program.cs neither publishes nor records it.");
    }
}
