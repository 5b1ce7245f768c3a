using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Transport;

/// <summary>
/// Events as messages, and back. Raw JSON (<c>application/json</c>) has the contract as its body and the rest in headers with MassTransit's
/// names; MassTransit's envelope (<c>application/vnd.masstransit+json</c>, its default serializer) has everything in its body. Both are read
/// everywhere. Source of the envelope's fields: MassTransit 8.5, JsonMessageEnvelope.
/// </summary>
public static class WireFormat
{
    /// <summary>The media type of a body that is the contract itself.</summary>
    public const string RawJson = "application/json";

    /// <summary>The media type of MassTransit's envelope.</summary>
    public const string Envelope = "application/vnd.masstransit+json";

    private const string UrnPrefix = "urn:message:";

    /// <summary>Writes an event.</summary>
    /// <param name="traceParent">W3C trace context of the span that publishes it; null when it is not traced.</param>
    /// <param name="asEnvelope">Whether MassTransit's envelope is the body, rather than the contract.</param>
    public static TransportMessage Write(EventEnvelope @event, string? traceParent, bool asEnvelope = false)
    {
        var headers = new Dictionary<string, object?>(7)
        {
            [WireHeaders.MessageType] = UrnPrefix + @event.Type,
            [WireHeaders.Stream] = @event.Stream,
            [WireHeaders.Sequence] = @event.Sequence,
            [WireHeaders.OccurredAt] = @event.OccurredAt.ToString("O", CultureInfo.InvariantCulture),
        };
        if (@event.CausationId is { } cause)
            headers[WireHeaders.InitiatorId] = cause.ToString();
        if (traceParent is not null)
            headers[WireHeaders.TraceParent] = traceParent;
        if (@event.IsReplayed)
            headers[WireHeaders.Replayed] = true;
        return new TransportMessage(asEnvelope ? EnvelopeOf(@event, traceParent) : @event.Body)
        {
            MessageId = @event.EventId.ToString(),
            CorrelationId = @event.CorrelationId.ToString(),
            ContentType = asEnvelope ? Envelope : RawJson,
            Headers = headers,
        };
    }

    /// <summary>The wire address that a message names, as far as it can be read; null when it names none.</summary>
    public static string? TypeOf(TransportMessage message)
    {
        if (MediaTypeOf(message) != Envelope)
            return UrnsOf(message).Select(TypeOf).FirstOrDefault(type => type is not null);
        try
        {
            using var envelope = JsonDocument.Parse(message.Body);
            return UrnsOf(envelope.RootElement).Select(TypeOf).FirstOrDefault(type => type is not null);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads an event; its body is not read yet.</summary>
    /// <param name="takes">Whether the queue has a handler for a wire address.</param>
    /// <param name="now">When the event happened, if the message does not say.</param>
    /// <returns>Null when the queue takes none of the types that the message names.</returns>
    /// <exception cref="MalformedMessageException">The message cannot be read as an event.</exception>
    internal static EventEnvelope? Read(TransportMessage message, Func<string, bool> takes, DateTimeOffset now)
    {
        try
        {
            return MediaTypeOf(message) switch
            {
                null or RawJson => ReadRaw(message, takes, now),
                Envelope => ReadEnvelope(message, takes, now),
                _ => throw new MalformedMessageException(
                    $"The content type '{message.ContentType}' cannot be read. Send {RawJson} or {Envelope}."),
            };
        }
        catch (Exception exception)
            when (exception is JsonException or FormatException or InvalidCastException or OverflowException or InvalidOperationException)
        {
            throw new MalformedMessageException($"Not a valid event: {exception.Message}", exception);
        }
    }

    private static EventEnvelope? ReadRaw(TransportMessage message, Func<string, bool> takes, DateTimeOffset now) =>
        UrnsOf(message).Select(TypeOf).FirstOrDefault(type => type is not null && takes(type)) is { } type
            ? Read(type, GuidOf(message.MessageId), GuidOf(message.CorrelationId), initiator: null, message.Headers, now, message.Body)
            : null;

    private static EventEnvelope? ReadEnvelope(TransportMessage message, Func<string, bool> takes, DateTimeOffset now)
    {
        using var document = JsonDocument.Parse(message.Body);
        var envelope = document.RootElement;
        if (UrnsOf(envelope).Select(TypeOf).FirstOrDefault(type => type is not null && takes(type)) is not { } type)
            return null;
        var headers = new Dictionary<string, object?>(message.Headers);
        if (Property(envelope, "headers") is { ValueKind: JsonValueKind.Object } own)
        {
            foreach (var header in own.EnumerateObject())
                headers[header.Name] = ValueOf(header.Value);
        }

        return Read(
            type,
            GuidOf(Text(envelope, "messageId") ?? message.MessageId),
            GuidOf(Text(envelope, "correlationId") ?? message.CorrelationId),
            GuidOf(Text(envelope, "initiatorId")),
            headers,
            Text(envelope, "sentTime") is { } sent ? TimeOf(sent) : now,
            Property(envelope, "message") is { } body
                ? Encoding.UTF8.GetBytes(body.GetRawText())
                : throw new MalformedMessageException("The envelope has no message."));
    }

    private static EventEnvelope Read(
        string type,
        Guid? messageId,
        Guid? correlationId,
        Guid? initiator,
        IReadOnlyDictionary<string, object?> headers,
        DateTimeOffset occurredAt,
        ReadOnlyMemory<byte> body)
    {
        var id = messageId ?? throw new MalformedMessageException("The message has no MessageId: the inbox cannot recognise duplicates.");
        var correlation = correlationId ?? id;
        return new EventEnvelope(
            id,
            type,
            Text(headers, WireHeaders.Stream) ?? correlation.ToString(),
            headers.GetValueOrDefault(WireHeaders.Sequence) is { } sequence ? Convert.ToInt32(sequence, CultureInfo.InvariantCulture) : 0,
            correlation,
            GuidOf(Text(headers, WireHeaders.InitiatorId)) ?? initiator,
            Text(headers, WireHeaders.OccurredAt) is { } at ? TimeOf(at) : occurredAt,
            Text(headers, WireHeaders.TraceParent),
            body)
        {
            IsReplayed = headers.GetValueOrDefault(WireHeaders.Replayed) is true,
        };
    }

    private static byte[] EnvelopeOf(EventEnvelope e, string? traceParent)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("messageId", e.EventId);
            json.WriteString("correlationId", e.CorrelationId);
            json.WriteString("conversationId", e.CorrelationId);
            if (e.CausationId is { } cause)
                json.WriteString("initiatorId", cause);
            json.WriteStartArray("messageType");
            json.WriteStringValue(UrnPrefix + e.Type);
            json.WriteEndArray();
            json.WritePropertyName("message");
            json.WriteRawValue(e.Body.Span, skipInputValidation: true);
            json.WriteString("sentTime", e.OccurredAt.UtcDateTime);
            json.WriteStartObject("headers");
            json.WriteString(WireHeaders.Stream, e.Stream);
            json.WriteNumber(WireHeaders.Sequence, e.Sequence);
            json.WriteString(WireHeaders.OccurredAt, e.OccurredAt.ToString("O", CultureInfo.InvariantCulture));
            if (traceParent is not null)
                json.WriteString(WireHeaders.TraceParent, traceParent);
            if (e.IsReplayed)
                json.WriteBoolean(WireHeaders.Replayed, true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static string? MediaTypeOf(TransportMessage message) =>
        string.IsNullOrEmpty(message.ContentType) ? null
        : MediaTypeHeaderValue.TryParse(message.ContentType, out var type) ? type.MediaType?.ToLowerInvariant()
        : message.ContentType;

    private static string[] UrnsOf(TransportMessage message) =>
        Text(message.Headers, WireHeaders.MessageType)?.Split(';') ?? [];

    private static string[] UrnsOf(JsonElement envelope) => Property(envelope, "messageType") is { ValueKind: JsonValueKind.Array } urns
        ? [.. urns.EnumerateArray().Where(urn => urn.ValueKind == JsonValueKind.String).Select(urn => urn.GetString()!)]
        : [];

    private static string? TypeOf(string urn) => urn.StartsWith(UrnPrefix, StringComparison.Ordinal) ? urn[UrnPrefix.Length..] : null;

    private static Guid? GuidOf(string? text) => Guid.TryParse(text, out var id) ? id : null;

    private static DateTimeOffset TimeOf(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    private static string? Text(IReadOnlyDictionary<string, object?> headers, string name) => headers.GetValueOrDefault(name) as string;

    private static string? Text(JsonElement envelope, string name) =>
        Property(envelope, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static JsonElement? Property(JsonElement envelope, string name) =>
        envelope.ValueKind == JsonValueKind.Object && envelope.TryGetProperty(name, out var value) ? value : null;

    private static object? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out var number) ? number : value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
