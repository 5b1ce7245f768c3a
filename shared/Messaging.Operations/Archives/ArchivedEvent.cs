using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>An event as a line of an archive: every column of the log, the event itself byte for byte.</summary>
internal static class ArchivedEvent
{
    public static void Write(ArrayBufferWriter<byte> buffer, EventEnvelope e)
    {
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("position", e.Position);
            json.WriteString("eventId", e.EventId);
            json.WriteString("stream", e.Stream);
            json.WriteNumber("sequence", e.Sequence);
            json.WriteString("type", e.Type);
            json.WriteString("correlationId", e.CorrelationId);
            if (e.CausationId is { } causation)
                json.WriteString("causationId", causation);
            if (e.TraceParent is { } trace)
                json.WriteString("traceParent", trace);
            json.WriteString("occurredAt", e.OccurredAt);
            json.WritePropertyName("data");
            json.WriteRawValue(OnOneLine(e.Body), skipInputValidation: true);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }

    /// <exception cref="JsonException">The line is no event.</exception>
    public static EventEnvelope Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        try
        {
            var e = json.RootElement;
            return new EventEnvelope(
                e.GetProperty("position").GetInt64(),
                e.GetProperty("eventId").GetGuid(),
                e.GetProperty("stream").GetString()!,
                e.GetProperty("sequence").GetInt32(),
                e.GetProperty("type").GetString()!,
                JsonMarshal.GetRawUtf8Value(e.GetProperty("data")).ToArray(),
                e.GetProperty("correlationId").GetGuid(),
                e.TryGetProperty("causationId", out var causation) ? causation.GetGuid() : null,
                e.TryGetProperty("traceParent", out var trace) ? trace.GetString() : null,
                e.GetProperty("occurredAt").GetDateTimeOffset());
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    /// <summary>JSON has line breaks between its tokens only, where a space says the same. The library itself writes none.</summary>
    private static ReadOnlySpan<byte> OnOneLine(byte[] json) =>
        json.AsSpan().IndexOfAny((byte)'\n', (byte)'\r') < 0
            ? json
            : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json).ReplaceLineEndings(" "));
}
