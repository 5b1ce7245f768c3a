using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Converts the headers of a message to readable JSON, and back. Bytes and times are objects with one property.
/// </summary>
internal static class HeaderJson
{
    private const string Base64 = "$base64";
    private const string Seconds = "$unixTime";

    /// <summary>Tables and lists that are nested deeper are written as null.</summary>
    private const int Deepest = 20;

    public static string Write(IEnumerable<KeyValuePair<string, object?>> headers)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
            Write(writer, headers, 0);
        return Encoding.UTF8.GetString(json.GetBuffer().AsSpan(0, (int)json.Length));
    }

    public static Dictionary<string, object?> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return ReadTable(document.RootElement);
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> table, int depth)
    {
        json.WriteStartObject();
        foreach (var (name, value) in table)
        {
            json.WritePropertyName(name);
            Write(json, value, depth + 1);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object? value, int depth)
    {
        switch (value)
        {
            case byte[] bytes: WriteTagged(json, Base64, () => json.WriteBase64StringValue(bytes)); break;
            case UnixTime { Seconds: var time }: WriteTagged(json, Seconds, () => json.WriteNumberValue(time)); break;
            case string text: json.WriteStringValue(text); break;
            case bool yes: json.WriteBooleanValue(yes); break;
            case float or double when double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)):
                json.WriteNumberValue(Convert.ToDouble(value, CultureInfo.InvariantCulture));
                break;
            case sbyte or byte or short or ushort or int or uint or long or ulong or decimal:
                json.WriteNumberValue(Convert.ToDecimal(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable<KeyValuePair<string, object?>> table when depth < Deepest: Write(json, table, depth); break;
            case IList list when depth < Deepest:
                json.WriteStartArray();
                foreach (var element in list)
                    Write(json, element, depth + 1);
                json.WriteEndArray();
                break;
            default: json.WriteNullValue(); break;
        }
    }

    private static void WriteTagged(Utf8JsonWriter json, string tag, Action writeValue)
    {
        json.WriteStartObject();
        json.WritePropertyName(tag);
        writeValue();
        json.WriteEndObject();
    }

    private static Dictionary<string, object?> ReadTable(JsonElement table) =>
        table.EnumerateObject().ToDictionary(header => header.Name, header => Read(header.Value));

    private static object? Read(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt32(out var number) => number,
        JsonValueKind.Number when value.TryGetInt64(out var number) => number,
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => value.EnumerateArray().Select(Read).ToList(),
        JsonValueKind.Object when value.TryGetProperty(Base64, out var bytes) => bytes.GetBytesFromBase64(),
        JsonValueKind.Object when value.TryGetProperty(Seconds, out var time) => new UnixTime(time.GetInt64()),
        JsonValueKind.Object => ReadTable(value),
        _ => null,
    };
}
