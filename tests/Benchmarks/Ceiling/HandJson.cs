using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>Reads the few properties that are needed; everything that is only passed on stays text.</summary>
internal static class HandJson
{
    /// <summary>A top-level property's JSON as it stands there.</summary>
    /// <exception cref="JsonException">The text is not a JSON object with such a property.</exception>
    public static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found)
                return json[start..(int)reader.BytesConsumed];
        }

        throw new JsonException($"There is no {Encoding.UTF8.GetString(name)}.");
    }

    public static string Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(Raw(json, name));

    public static Guid Id(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) =>
        Utf8Parser.TryParse(Raw(json, name)[1..^1], out Guid id, out _) ? id : throw new JsonException("That is not an id.");

    /// <summary>The lines of an order.</summary>
    /// <exception cref="JsonException">There are none, or a quantity is not positive.</exception>
    public static List<Line> Lines(ReadOnlySpan<byte> json)
    {
        var lines = new List<Line>(2);
        var reader = new Utf8JsonReader(Raw(json, "lines"u8));
        var (sku, quantity) = ("", 0);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.EndObject)
                lines.Add(quantity > 0 ? new Line(sku, quantity) : throw new JsonException("A quantity is not positive."));
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            var isSku = reader.ValueTextEquals("sku"u8);
            reader.Read();
            if (isSku)
                sku = reader.GetString()!;
            else
                quantity = reader.GetInt32();
        }

        return lines.Count > 0 ? lines : throw new JsonException("There are no lines.");
    }
}

internal readonly record struct Line(string Sku, int Quantity);
