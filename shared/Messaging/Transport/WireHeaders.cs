namespace OrderPlatform.Messaging.Transport;

/// <summary>The headers of an event, beside the properties MessageId and CorrelationId.</summary>
public static class WireHeaders
{
    /// <summary>MassTransit's name for the types of a message, as URNs separated by semicolons.</summary>
    public const string MessageType = "MT-MessageType";

    /// <summary>MassTransit's name for the message that caused this one.</summary>
    public const string InitiatorId = "MT-InitiatorId";

    /// <summary>W3C trace context.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>The stream that the event belongs to.</summary>
    public const string Stream = "stream";

    /// <summary>The event's place among those of its producer on that stream.</summary>
    public const string Sequence = "sequence";

    /// <summary>When the event happened: ISO 8601, UTC.</summary>
    public const string OccurredAt = "occurred-at";

    /// <summary>True when a replay sent it.</summary>
    public const string Replayed = "replayed";
}
