using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Tracing;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>Collects the events of one unit of work and writes them in a single statement.</summary>
internal sealed class EventLogWriter(EventTypes types, TimeProvider clock)
{
    private const string Insert =
        $"""
        INSERT INTO messaging.event_log ({EventRows.Columns})
        SELECT {EventRows.Values} FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS e ({EventRows.Columns})
        """;

    private readonly List<EventEnvelope> events = [];

    public bool Any => events.Count > 0;

    public void Append(EventSourcedEntity entity, object @event, Cause? cause, Guid? correlationId)
    {
        var type = types.NameForAppending(@event);
        var now = clock.GetUtcNow();
        var eventId = Guid.CreateVersion7(now);
        var sequence = entity.Advance(@event);
        events.Add(new EventEnvelope(
            eventId,
            type,
            entity.StreamId,
            sequence,
            entity.CorrelationId ?? correlationId ?? eventId,
            cause?.EventId,
            now,
            Activity.Current?.Id ?? cause?.TraceParent,
            JsonSerializer.SerializeToUtf8Bytes(@event, @event.GetType(), EventTypes.Json)));
    }

    public void AddTo(NpgsqlBatch batch)
    {
        if (events.Count > 0)
            batch.Add(Insert, EventRows.Arrays(events));
    }
}
