using System.Collections;
using System.Text;
using System.Text.Unicode;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Converts messages to AMQP 0-9-1, and back.</summary>
internal static class AmqpMessage
{
    /// <summary>The depth to which nested tables and lists are read.</summary>
    private const int Deepest = 20;

    public static TransportMessage Read(IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body) => new(body)
    {
        MessageId = properties.MessageId,
        CorrelationId = properties.CorrelationId,
        ContentType = properties.ContentType,
        ContentEncoding = properties.ContentEncoding,
        ReplyTo = properties.ReplyTo,
        Type = properties.Type,
        AppId = properties.AppId,
        Timestamp = properties.IsTimestampPresent() ? new UnixTime(properties.Timestamp.UnixTime) : null,
        Headers = ReadTable(properties.Headers, 0),
    };

    /// <summary>Omits the expiry, after which the message would vanish, and the user id, which only that user may publish.</summary>
    public static BasicProperties Write(TransportMessage message)
    {
        var properties = new BasicProperties();
        Write(message, properties);
        return properties;
    }

    /// <summary>The same, into existing properties; their other headers stay.</summary>
    public static void Write(TransportMessage message, BasicProperties properties)
    {
        var headers = WriteTable(message.Headers);
        foreach (var (name, value) in properties.Headers ?? new Dictionary<string, object?>())
            headers.TryAdd(name, value);
        properties.Headers = headers;
        properties.DeliveryMode = DeliveryModes.Persistent;
        if (message.MessageId is { } messageId)
            properties.MessageId = messageId;
        if (message.CorrelationId is { } correlationId)
            properties.CorrelationId = correlationId;
        if (message.ContentType is { } contentType)
            properties.ContentType = contentType;
        if (message.ContentEncoding is { } contentEncoding)
            properties.ContentEncoding = contentEncoding;
        if (message.ReplyTo is { } replyTo)
            properties.ReplyTo = replyTo;
        if (message.Type is { } type)
            properties.Type = type;
        if (message.AppId is { } appId)
            properties.AppId = appId;
        if (message.Timestamp is { } timestamp)
            properties.Timestamp = new AmqpTimestamp(timestamp.Seconds);
    }

    /// <summary>The approximate size of the headers in a frame, in bytes.</summary>
    public static int SizeOf(IDictionary<string, object?>? headers) =>
        headers?.Sum(header => Encoding.UTF8.GetByteCount(header.Key) + SizeOf(header.Value, 0)) ?? 0;

    private static Dictionary<string, object?> ReadTable(IDictionary<string, object?>? table, int depth) =>
        table?.ToDictionary(header => header.Key, header => ReadValue(header.Value, depth + 1)) ?? [];

    private static object? ReadValue(object? value, int depth) => value switch
    {
        byte[] text when Utf8.IsValid(text) => Encoding.UTF8.GetString(text),
        BinaryTableValue { Bytes: var bytes } => bytes,
        AmqpTimestamp { UnixTime: var seconds } => new UnixTime(seconds),
        IDictionary<string, object?> table => depth < Deepest ? ReadTable(table, depth) : null,
        byte[] bytes => bytes,
        IList list => depth < Deepest ? list.Cast<object?>().Select(element => ReadValue(element, depth + 1)).ToList() : null,
        _ => value,
    };

    private static Dictionary<string, object?> WriteTable(IEnumerable<KeyValuePair<string, object?>> table) =>
        table.ToDictionary(header => header.Key, header => WriteValue(header.Value));

    private static object? WriteValue(object? value) => value switch
    {
        byte[] bytes => new BinaryTableValue(bytes),
        UnixTime { Seconds: var seconds } => new AmqpTimestamp(seconds),
        IEnumerable<KeyValuePair<string, object?>> table => WriteTable(table),
        IList list => list.Cast<object?>().Select(WriteValue).ToList(),
        _ => value,
    };

    private static int SizeOf(object? value, int depth) => value switch
    {
        string text => Encoding.UTF8.GetByteCount(text),
        byte[] bytes => bytes.Length,
        BinaryTableValue { Bytes: var bytes } => bytes.Length,
        IDictionary<string, object?> table when depth < Deepest =>
            table.Sum(header => Encoding.UTF8.GetByteCount(header.Key) + SizeOf(header.Value, depth + 1)),
        IList list when depth < Deepest => list.Cast<object?>().Sum(element => SizeOf(element, depth + 1)),
        _ => 16,
    };
}
