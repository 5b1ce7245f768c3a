using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>An event as a line of an archive: every column of the log, and the event itself byte for byte.</summary>
internal static class ArchivedEvent
{
    public static void Write(ArrayBufferWriter<byte> buffer, LogEntry e)
    {
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("position", e.Position);
            json.WriteString("eventId", e.Event.EventId);
            json.WriteString("stream", e.Event.Stream);
            json.WriteNumber("sequence", e.Event.Sequence);
            json.WriteString("type", e.Event.Type);
            json.WriteString("correlationId", e.Event.CorrelationId);
            if (e.Event.CausationId is { } causation)
                json.WriteString("causationId", causation);
            if (e.Event.TraceParent is { } trace)
                json.WriteString("traceParent", trace);
            json.WriteString("occurredAt", e.Event.OccurredAt);
            json.WritePropertyName("data");
            json.WriteRawValue(OnOneLine(e.Event.Body.Span), skipInputValidation: true);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }

    /// <exception cref="JsonException">The line is not an event.</exception>
    public static LogEntry Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        try
        {
            var e = json.RootElement;
            return new LogEntry(e.GetProperty("position").GetInt64(), new EventEnvelope(
                e.GetProperty("eventId").GetGuid(),
                e.GetProperty("type").GetString()!,
                e.GetProperty("stream").GetString()!,
                e.GetProperty("sequence").GetInt32(),
                e.GetProperty("correlationId").GetGuid(),
                e.TryGetProperty("causationId", out var causation) ? causation.GetGuid() : null,
                e.GetProperty("occurredAt").GetDateTimeOffset(),
                e.TryGetProperty("traceParent", out var trace) ? trace.GetString() : null,
                JsonMarshal.GetRawUtf8Value(e.GetProperty("data")).ToArray()));
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    /// <summary>
    /// Replaces line breaks with spaces: JSON has line breaks only between tokens, where a space means the same. The library writes none.
    /// </summary>
    private static ReadOnlySpan<byte> OnOneLine(ReadOnlySpan<byte> json) =>
        json.IndexOfAny((byte)'\n', (byte)'\r') < 0
            ? json
            : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json).ReplaceLineEndings(" "));
}
