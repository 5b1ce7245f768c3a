using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace OrderPlatform.ServiceDefaults;

/// <summary>Turns the serializer's complaint into the path of the field and what to change there.</summary>
internal static partial class JsonErrors
{
    /// <param name="exception">As the serializer threw it, with its path.</param>
    /// <param name="body">What the body was to become.</param>
    /// <param name="options">By which it was read.</param>
    public static Dictionary<string, string[]> Explain(JsonException exception, Type? body, JsonSerializerOptions options)
    {
        var path = exception.Path ?? "$";
        return (exception, exception.Message) switch
        {
            ({ InnerException: JsonException syntax }, _) => At(path, SyntaxError(syntax)),
            (NullElementException { Element: var element }, _) => At($"{path}.{element}", "Must not be null."),
            (_, var message) when message.Contains("missing required properties", StringComparison.Ordinal) =>
                At(Missing(message).Select(name => $"{path}.{name}"), "Required, but missing."),
            (_, var message) when message.Contains("could not be mapped", StringComparison.Ordinal) =>
                At(path, $"Unknown property. Known here: {Known(TypeAt(LastSegment().Replace(path, ""), body, options))}."),
            (_, var message) when message.StartsWith("Duplicate property", StringComparison.Ordinal) => At(path, "Given more than once."),
            _ => At(path, $"Must be {Expected.Of(TypeAt(path, body, options))}."),
        };
    }

    private static Dictionary<string, string[]> At(string path, string message) => At([path], message);

    private static Dictionary<string, string[]> At(IEnumerable<string> paths, string message) =>
        paths.ToDictionary(FieldOf, _ => new[] { message });

    /// <summary><c>$.lines[0].sku</c> is for clients <c>lines[0].sku</c>; the whole body stays <c>$</c>.</summary>
    private static string FieldOf(string path) => path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;

    private static string SyntaxError(JsonException syntax) =>
        $"Not valid JSON at line {syntax.LineNumber + 1}, byte {syntax.BytePositionInLine + 1}: {syntax.Message.Split(" LineNumber:")[0]}";

    private static IEnumerable<string> Missing(string message) =>
        Quoted().Matches(message.Split("including:")[^1]).Select(name => name.Groups[1].Value);

    private static string Known(JsonTypeInfo? type) => string.Join(", ", type?.Properties.Select(property => property.Name) ?? []);

    /// <summary>Follows the path through the body's type; null when it leads nowhere.</summary>
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
