using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Converts a dead letter to a row, and the row back to a message.</summary>
internal static class FailedMessages
{
    public static FailedMessage Of(DeadLetter letter)
    {
        var (message, failure) = (letter.Message, letter.Failure);
        var source = letter.Source == DeadLetterSource.Skipped ? "skipped" : "error";
        return new FailedMessage(
            letter.Queue,
            source,
            TextColumn.Fit(string.IsNullOrEmpty(message.MessageId) ? KeyOf(message) : message.MessageId, 255),
            message.MessageId is { Length: > 0 } id ? TextColumn.Fit(id, 255) : null,
            Guid.TryParse(message.MessageId, out var eventId) ? eventId : null,
            Fit(WireFormat.TypeOf(message), 200),
            Fit(message.Headers.GetValueOrDefault(WireHeaders.Stream) as string ?? message.CorrelationId, 200),
            Number(message.Headers.GetValueOrDefault(WireHeaders.Sequence)),
            Fit(failure.ExceptionType, 200),
            Fit(failure.Reason, 4_000) ?? (letter.Source == DeadLetterSource.Skipped ? "The queue has no handler for this message." : null),
            Fit(failure.StackTrace, 16_000),
            failure.At,
            HeaderJson.Write(Properties(message)),
            HeaderJson.Write(message.Headers.Concat(letter.Added)),
            message.Body.ToArray());
    }

    /// <summary>A deferred event that becomes a dead letter.</summary>
    public static FailedMessage Of(string queue, EventEnvelope @event, Failure failure) => Of(new DeadLetter(
        queue, DeadLetterSource.Error, WireFormat.Write(@event, @event.TraceParent), TransportMessage.NoHeaders, failure));

    /// <summary>The message of a row.</summary>
    /// <param name="properties">As <see cref="FailedMessage.Properties"/>.</param>
    /// <param name="headers">As <see cref="FailedMessage.Headers"/>; the transport leaves out those that were added.</param>
    /// <param name="body">As <see cref="FailedMessage.Body"/>.</param>
    public static TransportMessage MessageOf(string properties, string headers, byte[] body)
    {
        var written = HeaderJson.Read(properties);
        return new TransportMessage(body)
        {
            MessageId = Text(written, "messageId"),
            CorrelationId = Text(written, "correlationId"),
            ContentType = Text(written, "contentType"),
            ContentEncoding = Text(written, "contentEncoding"),
            ReplyTo = Text(written, "replyTo"),
            Type = Text(written, "type"),
            AppId = Text(written, "appId"),
            Timestamp = written.GetValueOrDefault("timestamp") is UnixTime time ? time : null,
            Headers = HeaderJson.Read(headers),
        };
    }

    private static IEnumerable<KeyValuePair<string, object?>> Properties(TransportMessage message)
    {
        (string Name, object? Value)[] all =
        [
            ("messageId", message.MessageId),
            ("correlationId", message.CorrelationId),
            ("contentType", message.ContentType),
            ("contentEncoding", message.ContentEncoding),
            ("replyTo", message.ReplyTo),
            ("type", message.Type),
            ("appId", message.AppId),
            ("timestamp", message.Timestamp),
        ];
        return all.Where(property => property.Value is not null).Select(property => KeyValuePair.Create(property.Name, property.Value));
    }

    /// <summary>Identifies a message without an id when it fails again.</summary>
    private static string KeyOf(TransportMessage message)
    {
        var own = HeaderJson.Write(message.Headers.OrderBy(header => header.Key, StringComparer.Ordinal));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(own));
        hash.AppendData(message.Body.Span);
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    private static string? Text(IReadOnlyDictionary<string, object?> written, string name) => written.GetValueOrDefault(name) as string;

    private static int? Number(object? value) => value switch
    {
        string text when int.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        int number => number,
        long number when number is >= int.MinValue and <= int.MaxValue => (int)number,
        short number => number,
        _ => null,
    };

    private static string? Fit(string? text, int length) => text is null ? null : TextColumn.Fit(text, length);
}
