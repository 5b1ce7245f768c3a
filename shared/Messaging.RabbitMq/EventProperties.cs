using System.Globalization;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>The AMQP properties of an event.</summary>
internal static class EventProperties
{
    public static BasicProperties Of(EventEnvelope e, string? traceParent) =>
        Of(e.EventId, e.Type, e.Stream, e.Sequence, e.CorrelationId, e.CausationId, traceParent, e.OccurredAt);

    public static BasicProperties Of(EventEnvelope e) =>
        Of(e.EventId, e.Type, e.Stream, e.Sequence, e.CorrelationId, e.CausationId, e.TraceParent, e.OccurredAt);

    public static BasicProperties Of(
        Guid eventId,
        string type,
        string stream,
        int sequence,
        Guid correlationId,
        Guid? causationId,
        string? traceParent,
        DateTimeOffset occurredAt)
    {
        var headers = new Dictionary<string, object?>(6)
        {
            [Headers.MessageType] = $"urn:message:{type}",
            [Headers.Stream] = stream,
            [Headers.Sequence] = sequence,
            [Headers.OccurredAt] = occurredAt.ToString("O", CultureInfo.InvariantCulture),
        };
        if (causationId is { } cause)
            headers[Headers.InitiatorId] = cause.ToString();
        if (traceParent is not null)
            headers[Headers.TraceParent] = traceParent;
        return new BasicProperties
        {
            ContentType = "application/json",
            DeliveryMode = DeliveryModes.Persistent,
            MessageId = eventId.ToString(),
            CorrelationId = correlationId.ToString(),
            Headers = headers,
        };
    }
}
