using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using OrderPlatform.ServiceDefaults.Binding;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Turns the serializer's exception into the path of the field and a correction.</summary>
internal static partial class JsonErrors
{
    /// <param name="exception">The exception as thrown, with its path.</param>
    /// <param name="body">The type that the body was deserialized to.</param>
    public static Dictionary<string, string[]> Explain(JsonException exception, Type? body, JsonSerializerOptions options)
    {
        var path = exception.Path ?? "$";
        return (exception, exception.Message) switch
        {
            ({ InnerException: JsonException syntax }, _) => At(path, SyntaxError(syntax)),
            (NullElementException { Element: var element }, _) => At($"{path}.{element}", "Must not be null."),
            (_, var message) when message.Contains("missing required properties", StringComparison.Ordinal) =>
                At(Missing(message).Select(name => $"{path}.{name}"), "Required."),
            (_, var message) when message.Contains("could not be mapped", StringComparison.Ordinal) =>
                At(path, $"Unknown property. Expected one of: {PropertiesOf(TypeAt(LastSegment().Replace(path, ""), body, options))}."),
            (_, var message) when message.StartsWith("Duplicate property", StringComparison.Ordinal) => At(path, "Appears more than once."),
            _ => At(path, $"Must be {Expected.Of(TypeAt(path, body, options))}."),
        };
    }

    private static Dictionary<string, string[]> At(string path, string message) => At([path], message);

    private static Dictionary<string, string[]> At(IEnumerable<string> paths, string message) =>
        paths.ToDictionary(FieldOf, _ => new[] { message });

    /// <summary>Clients know <c>$.lines[0].sku</c> as <c>lines[0].sku</c>; the whole body remains <c>$</c>.</summary>
    private static string FieldOf(string path) => path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;

    private static string SyntaxError(JsonException syntax) =>
        $"Invalid JSON at line {syntax.LineNumber + 1}, byte {syntax.BytePositionInLine + 1}: {syntax.Message.Split(" LineNumber:")[0]}";

    private static IEnumerable<string> Missing(string message) =>
        Quoted().Matches(message.Split("including:")[^1]).Select(name => name.Groups[1].Value);

    private static string PropertiesOf(JsonTypeInfo? type) => string.Join(", ", type?.Properties.Select(property => property.Name) ?? []);

    /// <summary>Follows the path through the body's type; null when a segment does not exist.</summary>
    private static JsonTypeInfo? TypeAt(string path, Type? body, JsonSerializerOptions options)
    {
        foreach (Match segment in Segment().Matches(path))
        {
            if (body is null)
                break;
            var type = options.GetTypeInfo(body);
            body = segment.Groups["name"] is { Success: true, Value: var name }
                ? type.Properties.FirstOrDefault(property => property.Name == name)?.PropertyType
                : type.ElementType;
        }

        return body is null ? null : options.GetTypeInfo(body);
    }

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\[\d+\]|\['(?<name>.*?)'\]|\.(?<name>[^.\[]+)")]
    private static partial Regex Segment();

    [GeneratedRegex(@"(\['.*?'\]|\.[^.\[]+)$")]
    private static partial Regex LastSegment();
}
