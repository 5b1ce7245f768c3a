using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>The inbox and the parked events, in the consumer's own transaction.</summary>
internal sealed class InboxStore(EventTypes types)
{
    // Two transactions may bring an event and its predecessor at once, and neither sees the other's rows. The lock on the
    // stream makes one wait for the other, so a parked event is always found by whoever brings its predecessor.
    private const string LockStreams =
        """
        SELECT count(pg_advisory_xact_lock(key))
        FROM (SELECT DISTINCT hashtextextended($1 || ' ' || stream, 0) AS key FROM unnest($2) AS stream ORDER BY key) AS keys
        """;

    private const string TakeOver =
        """
        INSERT INTO messaging.inbox (event_id, queue)
        SELECT event_id, $1 FROM unnest($2) AS event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
        """;

    private const string SelectParked =
        """
        SELECT event_id, type, stream, sequence, correlation_id, occurred_at, trace_parent, body
        FROM messaging.parked_events
        WHERE queue = $1 AND stream = ANY($2)
        """;

    private const string Park =
        """
        INSERT INTO messaging.parked_events
            (queue, event_id, type, stream, sequence, correlation_id, occurred_at, trace_parent, body)
        SELECT $1, event_id, type, stream, sequence, correlation_id, occurred_at, trace_parent, body::json
        FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
            AS e (event_id, type, stream, sequence, correlation_id, occurred_at, trace_parent, body)
        """;

    private const string Unpark = "DELETE FROM messaging.parked_events WHERE queue = $1 AND event_id = ANY($2)";

    private const string CountFailures =
        "UPDATE messaging.parked_events SET failures = failures + 1 WHERE queue = $1 AND event_id = ANY($2)";

    /// <summary>
    /// Enters events into the inbox. What comes back are the streams of those that were not in it yet, with whatever is
    /// parked there.
    /// </summary>
    public async Task<Arrivals> Receive(DbContext database, string queue, IReadOnlyList<IncomingEvent> events, CancellationToken cancellation)
    {
        var streams = events.Select(e => e.Stream).Distinct().ToArray();
        var ids = events.Select(e => e.EventId).Distinct().Order().ToArray();
        await using var batch = database.CreateBatch();
        batch.Add(LockStreams, Value(queue), Value(streams));
        batch.Add(TakeOver, Value(queue), Value(ids));
        batch.Add(SelectParked, Value(queue), Value(streams));

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        var fresh = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellation))
            fresh.Add(reader.GetGuid(0));

        var backlogs = new Dictionary<string, StreamBacklog>();
        foreach (var @event in events.Where(e => fresh.Contains(e.EventId)).DistinctBy(e => e.EventId))
            BacklogOf(backlogs, @event.Stream).Add(@event, parked: false);
        await reader.NextResultAsync(cancellation);
        await ReadParked(reader, backlogs, cancellation);
        return new Arrivals(backlogs.Values, fresh.Count);
    }

    /// <summary>Reads what is parked on one stream, and keeps everybody else off that stream until the transaction ends.</summary>
    public async Task<Arrivals> Resume(DbContext database, string queue, string stream, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.Add(LockStreams, Value(queue), Value(new[] { stream }));
        batch.Add(SelectParked, Value(queue), Value(new[] { stream }));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        var backlogs = new Dictionary<string, StreamBacklog>();
        await ReadParked(reader, backlogs, cancellation);
        return new Arrivals(backlogs.Values, 0);
    }

    /// <summary>Writes what became of the arrivals: parks those that were too early, and forgets those that were parked and are handled.</summary>
    public static async Task Settle(
        DbContext database, string queue, Arrivals arrivals, IReadOnlySet<Guid> failed, CancellationToken cancellation)
    {
        var parked = arrivals.Backlogs.SelectMany(backlog => backlog.ToPark).ToArray();
        var resumed = arrivals.Backlogs.SelectMany(backlog => backlog.Resumed).Select(e => e.EventId).ToArray();
        if (parked.Length + resumed.Length + failed.Count == 0)
            return;

        await using var batch = database.CreateBatch();
        if (resumed.Length > 0)
            batch.Add(Unpark, Value(queue), Value(resumed));
        if (failed.Count > 0)
            batch.Add(CountFailures, Value(queue), Value(failed.ToArray()));
        if (parked.Length > 0)
        {
            batch.Add(
                Park,
                Value(queue),
                Column(parked, e => e.EventId),
                Column(parked, e => e.Type),
                Column(parked, e => e.Stream),
                Column(parked, e => e.Sequence),
                Column(parked, e => e.CorrelationId),
                Column(parked, e => e.OccurredAt),
                Column(parked, e => e.TraceParent),
                Column(parked, e => Encoding.UTF8.GetString(e.Body.Span)));
        }

        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private async Task ReadParked(NpgsqlDataReader reader, Dictionary<string, StreamBacklog> backlogs, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            var @event = ReadEvent(reader);
            BacklogOf(backlogs, @event.Stream).Add(@event, parked: true);
        }
    }

    private IncomingEvent ReadEvent(NpgsqlDataReader row)
    {
        var (type, body) = (row.GetString(1), row.GetString(7));
        return new IncomingEvent(
            row.GetGuid(0),
            type,
            row.GetString(2),
            row.GetInt32(3),
            row.GetGuid(4),
            row.GetFieldValue<DateTimeOffset>(5),
            row.IsDBNull(6) ? null : row.GetString(6),
            Encoding.UTF8.GetBytes(body),
            types.Read(type, body));
    }

    private static StreamBacklog BacklogOf(Dictionary<string, StreamBacklog> backlogs, string stream)
    {
        if (!backlogs.TryGetValue(stream, out var backlog))
            backlogs[stream] = backlog = new StreamBacklog();
        return backlog;
    }

    private static NpgsqlParameter<T[]> Column<T>(IncomingEvent[] events, Func<IncomingEvent, T> value) =>
        Value(Array.ConvertAll(events, e => value(e)));
}

/// <summary>What a group of messages brought.</summary>
/// <param name="Backlogs">By stream, what can be handled now.</param>
/// <param name="Fresh">How many of the messages were not in the inbox yet.</param>
internal sealed record Arrivals(IReadOnlyCollection<StreamBacklog> Backlogs, int Fresh);
