using System.Net.Mime;
using System.Runtime.Serialization;
using MassTransit;
using MassTransit.Serialization;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Reads a message of any content type into an <see cref="EventEnvelope"/>, once. A message whose type the queue does not take is left to
/// MassTransit, which moves it to <c>&lt;queue&gt;_skipped</c>.
/// </summary>
internal sealed class EventDeserializer(string queue, IMessageReceiver receiver, ContentType contentType)
    : IMessageDeserializer, ISerializerFactory
{
    private const RawSerializerOptions RawOptions = RawSerializerOptions.Default;

    public ContentType ContentType => contentType;

    public IMessageDeserializer CreateDeserializer() => this;

    public IMessageSerializer CreateSerializer() => new SystemTextJsonRawMessageSerializer(RawOptions);

    public void Probe(ProbeContext context) => context.CreateScope("events");

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    public ConsumeContext Deserialize(ReceiveContext receiveContext)
    {
        try
        {
            return new BodyConsumeContext(
                receiveContext,
                new EventContext(
                    new RawMessageContext(receiveContext.TransportHeaders, receiveContext.InputAddress, RawOptions),
                    receiver.Read(queue, MessageOf(receiveContext))));
        }
        catch (MalformedMessageException exception)
        {
            throw new SerializationException(exception.Message, exception);
        }
    }

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null) =>
        throw new NotSupportedException("A message is read as a whole, with its properties.");

    /// <summary>The message as it came from RabbitMQ.</summary>
    public static TransportMessage MessageOf(ReceiveContext context) =>
        AmqpMessage.Read(context.GetPayload<RabbitMqBasicConsumeContext>().Properties, context.Body.GetBytes());

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
