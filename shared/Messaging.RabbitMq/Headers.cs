namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>The AMQP headers of an event, beside the properties MessageId and CorrelationId.</summary>
internal static class Headers
{
    /// <summary>MassTransit's name for the types of a message, as URNs.</summary>
    public const string MessageType = "MT-MessageType";

    /// <summary>MassTransit's name for the message that caused this one.</summary>
    public const string InitiatorId = "MT-InitiatorId";

    /// <summary>W3C trace context.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>What it is an event of.</summary>
    public const string Stream = "stream";

    /// <summary>Its place among the events of its producer on that stream.</summary>
    public const string Sequence = "sequence";

    /// <summary>When it happened: ISO 8601, UTC.</summary>
    public const string OccurredAt = "occurred-at";

    /// <summary>True when a replay has sent it: its delay says nothing of how fast events flow.</summary>
    public const string Replayed = "replayed";
}
