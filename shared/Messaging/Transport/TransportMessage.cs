namespace OrderPlatform.Messaging.Transport;

/// <summary>
/// A message as a broker carries it, in terms that every broker has. Header values are <see cref="string"/>, <see cref="bool"/>, integers,
/// <see cref="double"/>, <see cref="decimal"/>, <see cref="UnixTime"/>, bytes that are not text, lists, tables of the same, or null.
/// </summary>
/// <param name="Body">The bytes of the message.</param>
public sealed record TransportMessage(ReadOnlyMemory<byte> Body)
{
    /// <summary>Headers of a message that has none.</summary>
    public static IReadOnlyDictionary<string, object?> NoHeaders { get; } = new Dictionary<string, object?>();

    /// <summary>The event's id, by convention; null when the message has none.</summary>
    public string? MessageId { get; init; }

    /// <summary>What the message belongs to, such as an order's id; null when it does not say.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The media type of the body; null when the message does not say.</summary>
    public string? ContentType { get; init; }

    /// <summary>How the body is compressed; null when it is not.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>Where a reply is expected; the library neither sets nor uses it, and keeps it through a dead letter.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>The application's own name for the type; kept through a dead letter.</summary>
    public string? Type { get; init; }

    /// <summary>The application that sent it, by its own account; kept through a dead letter.</summary>
    public string? AppId { get; init; }

    /// <summary>When it was sent, by the sender's account; null when the message does not say.</summary>
    public UnixTime? Timestamp { get; init; }

    /// <summary>The message's other metadata, by name.</summary>
    public IReadOnlyDictionary<string, object?> Headers { get; init; } = NoHeaders;
}

/// <summary>A time in a header, which may lie outside the range of <see cref="DateTimeOffset"/>.</summary>
/// <param name="Seconds">Seconds since 1970-01-01T00:00:00Z.</param>
public readonly record struct UnixTime(long Seconds);
