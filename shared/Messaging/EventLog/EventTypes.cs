using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderPlatform.Messaging;

/// <summary>
/// The events a service knows: their wire address <c>Namespace:Name</c> (MassTransit's name for the exchange as well), and
/// their JSON.
/// </summary>
public sealed class EventTypes
{
    private readonly Dictionary<string, Type> types = [];
    private readonly HashSet<string> published = [];

    /// <summary>How events are written and read: camelCase, enums as strings, unknown properties ignored.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The wire addresses the relay publishes; all others stay in the log.</summary>
    internal IReadOnlySet<string> Published => published;

    /// <summary>The wire address of a contract.</summary>
    public static string NameOf(Type type) => $"{type.Namespace}:{type.Name}";

    /// <summary>The part of a wire address that names the producer.</summary>
    internal static string ProducerOf(string name) => name[..name.LastIndexOf(':')];

    /// <summary>Reads an event of this service's log.</summary>
    /// <exception cref="InvalidOperationException">Program.cs names no such event.</exception>
    public object Read(string name, string data) =>
        types.TryGetValue(name, out var type)
            ? JsonSerializer.Deserialize(data, type, Json)
                ?? throw new InvalidOperationException($"The data of an event of type '{name}' is null.")
            : throw new InvalidOperationException($"'{name}' is not among the events that Program.cs publishes, records or handles.");

    internal void Add(Type type) => types[NameOf(type)] = type;

    internal void Publish(Type type)
    {
        Add(type);
        published.Add(NameOf(type));
    }

    internal string NameForAppending(object @event)
    {
        var name = NameOf(@event.GetType());
        return types.ContainsKey(name)
            ? name
            : throw new InvalidOperationException($"'{name}' was appended, but Program.cs neither publishes nor records it.");
    }
}
