using System.Globalization;
using System.Net.Mime;
using System.Runtime.Serialization;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Reads raw JSON into an <see cref="EventEnvelope"/>, once and without an envelope. A type that no handler of the queue
/// names is left to MassTransit, which moves the message to <c>&lt;queue&gt;_skipped</c>.
/// </summary>
internal sealed class EventDeserializer(IReadOnlyDictionary<string, HandlerBinding> handlers) : IMessageDeserializer, ISerializerFactory
{
    private const string UrnPrefix = "urn:message:";

    private const RawSerializerOptions RawOptions = RawSerializerOptions.Default;

    public ContentType ContentType => SystemTextJsonRawMessageSerializer.JsonContentType;

    public IMessageDeserializer CreateDeserializer() => this;

    public IMessageSerializer CreateSerializer() => new SystemTextJsonRawMessageSerializer(RawOptions);

    public void Probe(ProbeContext context) => context.CreateScope("events");

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    public ConsumeContext Deserialize(ReceiveContext receiveContext) => new BodyConsumeContext(
        receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, MassTransit.Headers headers, Uri? destinationAddress = null) =>
        new EventContext(new RawMessageContext(headers, destinationAddress, RawOptions), Read(body, headers));

    /// <summary>The wire address that a message names; null when it names none.</summary>
    public static string? TypeOf(MassTransit.Headers headers) => TypeOf(headers.Get<string>(Headers.MessageType));

    /// <param name="urns">The header that names it.</param>
    public static string? TypeOf(string? urns) =>
        urns?.Split(';')[0] is { } urn && urn.StartsWith(UrnPrefix, StringComparison.Ordinal) ? urn[UrnPrefix.Length..] : null;

    private EventEnvelope? Read(MessageBody body, MassTransit.Headers headers)
    {
        if (TypeOf(headers) is not { } type || !handlers.TryGetValue(type, out var handler))
            return null;

        var id = GuidOf(headers, MessageHeaders.MessageId)
            ?? throw new SerializationException("The message has no MessageId, so the inbox could not know it again.");
        try
        {
            var correlationId = GuidOf(headers, MessageHeaders.CorrelationId) ?? id;
            var message = new EventEnvelope(
                id,
                type,
                headers.Get<string>(Headers.Stream) ?? correlationId.ToString(),
                headers.TryGetHeader(Headers.Sequence, out var sequence) ? Convert.ToInt32(sequence, CultureInfo.InvariantCulture) : 0,
                correlationId,
                GuidOf(headers, Headers.InitiatorId),
                headers.Get<string>(Headers.OccurredAt) is { } at
                    ? DateTimeOffset.Parse(
                        at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)
                    : DateTimeOffset.UtcNow,
                headers.Get<string>(Headers.TraceParent),
                body.GetBytes())
            {
                IsReplayed = headers.Get<bool>(Headers.Replayed) == true,
            };
            message.Read(handler.EventType);
            return message;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidCastException or OverflowException)
        {
            throw new SerializationException($"The message is no {handler.EventType.Name}: {exception.Message}", exception);
        }
    }

    private static Guid? GuidOf(MassTransit.Headers headers, string key) =>
        headers.TryGetHeader(key, out var value) && Guid.TryParse(value as string, out var id) ? id : null;

    private sealed class EventContext(MessageContext context, EventEnvelope? message) : SystemTextJsonRawSerializerContext(
        SystemTextJsonMessageSerializer.Instance,
        SystemTextJsonMessageSerializer.Options,
        SystemTextJsonRawMessageSerializer.JsonContentType,
        context,
        message is null ? [] : [MessageUrn.ForTypeString<EventEnvelope>()],
        RawOptions,
        default)
    {
        public override bool IsSupportedMessageType<T>() => message is T;

        public override bool IsSupportedMessageType(Type messageType) => messageType.IsInstanceOfType(message);

        public override bool TryGetMessage<T>(out T? result)
            where T : class
        {
            result = message as T;
            return result is not null;
        }
    }
}
