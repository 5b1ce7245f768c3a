using System.Diagnostics;
using System.Text.Json;
using Npgsql;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>Collects the events of one unit of work and writes them in a single statement.</summary>
internal sealed class EventLogWriter(EventTypes types, TimeProvider clock)
{
    private const string Insert =
        """
        INSERT INTO messaging.event_log
            (event_id, stream, sequence, type, data, correlation_id, causation_id, trace_parent, occurred_at)
        SELECT event_id, stream, sequence, type, data::json, correlation_id, causation_id, trace_parent, occurred_at
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            AS e (event_id, stream, sequence, type, data, correlation_id, causation_id, trace_parent, occurred_at)
        """;

    private readonly List<Row> rows = [];

    public bool Any => rows.Count > 0;

    public void Append(EventSourcedEntity stream, object @event, Cause? cause, Guid? correlationId)
    {
        var type = types.NameForAppending(@event);
        var now = clock.GetUtcNow();
        var eventId = Guid.CreateVersion7(now);
        var sequence = stream.Advance(@event);
        rows.Add(new Row(
            eventId,
            stream.Stream,
            sequence,
            type,
            JsonSerializer.Serialize(@event, @event.GetType(), EventTypes.Json),
            stream.CorrelationId ?? correlationId ?? eventId,
            cause?.EventId,
            Activity.Current?.Id ?? cause?.TraceParent,
            now));
    }

    public void AddTo(NpgsqlBatch batch)
    {
        if (rows.Count == 0)
            return;
        batch.Add(
            Insert,
            Column(row => row.EventId),
            Column(row => row.Stream),
            Column(row => row.Sequence),
            Column(row => row.Type),
            Column(row => row.Data),
            Column(row => row.CorrelationId),
            Column(row => row.CausationId),
            Column(row => row.TraceParent),
            Column(row => row.OccurredAt));
    }

    private NpgsqlParameter<T[]> Column<T>(Func<Row, T> value) => new() { TypedValue = [.. rows.Select(value)] };

    private sealed record Row(
        Guid EventId,
        string Stream,
        int Sequence,
        string Type,
        string Data,
        Guid CorrelationId,
        Guid? CausationId,
        string? TraceParent,
        DateTimeOffset OccurredAt);
}
