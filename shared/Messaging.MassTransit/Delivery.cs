using System.Net.Mime;
using System.Runtime.InteropServices;
using MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Makes MassTransit send a message that is already serialized: sets its properties and headers after the service's own filters, and
/// supplies its bytes in place of a serializer.
/// </summary>
/// <param name="throwIfFailed">Throws if the publisher has failed, so that nothing is sent or resent after that.</param>
internal sealed class Delivery(OutgoingMessage message, Action throwIfFailed)
    : IPipe<SendContext<OutgoingMessage>>, IMessageSerializer, MessageBody
{
    private static readonly ContentType RawJson = new(WireFormat.RawJson);
    private static readonly ContentType Envelope = new(WireFormat.Envelope);

    private readonly int sender = Environment.CurrentManagedThreadId;

    public OutgoingMessage Message => message;

    /// <summary>
    /// Whether the transport took the bytes on the sending thread, checked right after sending. From there that thread continues to the
    /// client's queue, which keeps the order; otherwise an earlier step waits.
    /// </summary>
    public bool IsOnItsWay { get; private set; }

    public ContentType ContentType => message.Message.ContentType == WireFormat.Envelope ? Envelope : RawJson;

    public long? Length => message.Message.Body.Length;

    public Task Send(SendContext<OutgoingMessage> context)
    {
        throwIfFailed();
        var rabbit = context.GetPayload<RabbitMqSendContext>();
        AmqpMessage.Write(message.Message, rabbit.BasicProperties);
        context.MessageId = GuidOf(message.Message.MessageId);
        context.CorrelationId = GuidOf(message.Message.CorrelationId);
        context.Serializer = this;
        rabbit.Mandatory = true;
        return Task.CompletedTask;
    }

    public MessageBody GetMessageBody<T>(SendContext<T> context)
        where T : class => this;

    public byte[] GetBytes()
    {
        IsOnItsWay |= Environment.CurrentManagedThreadId == sender;
        return MemoryMarshal.TryGetArray(message.Message.Body, out var bytes) && bytes.Count == bytes.Array!.Length
            ? bytes.Array
            : message.Message.Body.ToArray();
    }

    public Stream GetStream() => new MemoryStream(GetBytes(), writable: false);

    public string GetString() => System.Text.Encoding.UTF8.GetString(message.Message.Body.Span);

    public void Probe(ProbeContext context) => context.CreateFilterScope("delivery");

    private static Guid? GuidOf(string? text) => Guid.TryParse(text, out var id) ? id : null;
}
