using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Reads what is in an error queue, and makes a message of it again.</summary>
internal static class FailedMessages
{
    private const string Broker = "x-death";

    /// <summary>Of the year 9999.</summary>
    private const long LastSecond = 253_402_300_799;

    /// <summary>What was added on the way to the error queue, by MassTransit, the client library and the broker.</summary>
    private static readonly string[] Added =
    [
        "MT-Fault-", MassTransit.MessageHeaders.Reason, "MT-Host-",
        Broker, "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-dotnet-pub-seq-no",
    ];

    /// <param name="queue">The queue that could not handle it.</param>
    /// <param name="source">The error queue it was found in: <c>error</c> or <c>skipped</c>.</param>
    /// <param name="properties">As they are there.</param>
    /// <param name="body">As it is there.</param>
    public static FailedMessage Of(string queue, string source, IReadOnlyBasicProperties properties, byte[] body)
    {
        var headers = properties.Headers ?? new Dictionary<string, object?>();
        var (reason, diedAt) = Death(headers);
        return new FailedMessage(
            queue,
            source,
            TextColumn.Fit(string.IsNullOrEmpty(properties.MessageId) ? KeyOf(headers, body) : properties.MessageId, 255),
            properties.MessageId is { Length: > 0 } id ? TextColumn.Fit(id, 255) : null,
            Guid.TryParse(properties.MessageId, out var eventId) ? eventId : null,
            Fit(EventDeserializer.TypeOf(Text(headers, Headers.MessageType)), 200),
            Fit(Text(headers, Headers.Stream) ?? properties.CorrelationId, 200),
            Number(headers, Headers.Sequence),
            Fit(Text(headers, MassTransit.MessageHeaders.FaultExceptionType), 200),
            Fit(Text(headers, MassTransit.MessageHeaders.FaultMessage), 4_000) ?? reason
                ?? (source == "skipped" ? "No handler of the queue takes such a message." : null),
            Fit(Text(headers, MassTransit.MessageHeaders.FaultStackTrace), 16_000),
            DateTimeOffset.TryParse(
                Text(headers, MassTransit.MessageHeaders.FaultTimestamp),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var faultAt) ? faultAt : diedAt,
            HeaderJson.Write(Written(properties)),
            HeaderJson.Write(headers),
            body);
    }

    /// <summary>An event that is taken out of those that are deferred, because it will come too early forever.</summary>
    public static FailedMessage Of(string queue, EventEnvelope @event, string reason, DateTimeOffset now) =>
        Of(queue, "error", EventProperties.Of(@event), @event.Body.ToArray()) with { ExceptionMessage = reason, FaultAt = now };

    /// <summary>An event that is taken out of those that are deferred, because its handler fails.</summary>
    public static FailedMessage Of(string queue, EventEnvelope @event, Exception cause, DateTimeOffset now) =>
        Of(queue, "error", EventProperties.Of(@event), @event.Body.ToArray()).FailedWith(cause, now);

    /// <summary>As if MassTransit had said so: the innermost exception counts.</summary>
    public static FailedMessage FailedWith(this FailedMessage message, Exception exception, DateTimeOffset at)
    {
        var cause = exception.GetBaseException();
        return message with
        {
            ExceptionType = Fit(cause.GetType().FullName, 200),
            ExceptionMessage = TextColumn.Fit(cause.Message, 4_000),
            ExceptionStack = TextColumn.Fit(cause.StackTrace ?? "", 16_000),
            FaultAt = at,
        };
    }

    /// <summary>The message as it was before it failed.</summary>
    /// <param name="properties">As <see cref="FailedMessage.Properties"/>.</param>
    /// <param name="headers">As <see cref="FailedMessage.Headers"/>.</param>
    public static BasicProperties PropertiesOf(string properties, string headers)
    {
        var written = HeaderJson.Read(properties);
        var message = new BasicProperties
        {
            Headers = HeaderJson.Read(headers).Where(header => !IsAdded(header.Key)).ToDictionary(),
            DeliveryMode = DeliveryModes.Persistent,
        };
        if (Text(written, "messageId") is { } messageId)
            message.MessageId = messageId;
        if (Text(written, "correlationId") is { } correlationId)
            message.CorrelationId = correlationId;
        if (Text(written, "contentType") is { } contentType)
            message.ContentType = contentType;
        if (Text(written, "contentEncoding") is { } contentEncoding)
            message.ContentEncoding = contentEncoding;
        if (Text(written, "replyTo") is { } replyTo)
            message.ReplyTo = replyTo;
        if (Text(written, "type") is { } type)
            message.Type = type;
        if (Text(written, "appId") is { } appId)
            message.AppId = appId;
        if (written.GetValueOrDefault("timestamp") is AmqpTimestamp timestamp)
            message.Timestamp = timestamp;
        return message;
    }

    /// <summary>Without its expiry, which would have it vanish, and its user, as whom nobody else may publish.</summary>
    private static IEnumerable<KeyValuePair<string, object?>> Written(IReadOnlyBasicProperties properties)
    {
        (string Name, object? Value)[] all =
        [
            ("messageId", properties.MessageId),
            ("correlationId", properties.CorrelationId),
            ("contentType", properties.ContentType),
            ("contentEncoding", properties.ContentEncoding),
            ("replyTo", properties.ReplyTo),
            ("type", properties.Type),
            ("appId", properties.AppId),
            ("timestamp", properties.IsTimestampPresent() ? properties.Timestamp : null),
        ];
        return all.Where(property => property.Value is not null).Select(property => KeyValuePair.Create(property.Name, property.Value));
    }

    private static bool IsAdded(string header) => Array.Exists(Added, added => header.StartsWith(added, StringComparison.Ordinal));

    /// <summary>What is the same each time it fails.</summary>
    private static string KeyOf(IDictionary<string, object?> headers, byte[] body)
    {
        var own = HeaderJson.Write(headers.Where(header => !IsAdded(header.Key)).OrderBy(header => header.Key, StringComparer.Ordinal));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(own));
        hash.AppendData(body);
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    /// <summary>Why and when the broker itself gave up: its delivery limit, as a rule.</summary>
    private static (string? Reason, DateTimeOffset? At) Death(IDictionary<string, object?> headers) =>
        headers.TryGetValue(Broker, out var deaths)
            && deaths is IList<object> { Count: > 0 } list
            && list[0] is IDictionary<string, object?> last
            ? ($"The broker gave up: {Fit(Text(last, "reason"), 100)}.",
                last.TryGetValue("time", out var time) && time is AmqpTimestamp { UnixTime: >= 0 and < LastSecond } at
                    ? DateTimeOffset.FromUnixTimeSeconds(at.UnixTime)
                    : null)
            : (null, null);

    private static string? Text(IDictionary<string, object?> headers, string name) =>
        headers.TryGetValue(name, out var value) ? value as string ?? (value is byte[] text ? Encoding.UTF8.GetString(text) : null) : null;

    private static int? Number(IDictionary<string, object?> headers, string name)
    {
        headers.TryGetValue(name, out var value);
        return value switch
        {
            byte[] text when int.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
            int number => number,
            long number when number is >= int.MinValue and <= int.MaxValue => (int)number,
            short number => number,
            _ => null,
        };
    }

    private static string? Fit(string? text, int length) => text is null ? null : TextColumn.Fit(text, length);
}
