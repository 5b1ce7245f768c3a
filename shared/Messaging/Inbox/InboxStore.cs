using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>The inbox and the deferred events, in the consumer's own transaction.</summary>
/// <remarks>Receiving, resuming and removing events all lock their streams first; so their statements are in one place.</remarks>
internal static class InboxStore
{
    // Two transactions may receive an event and its predecessor at once, and neither sees the other's rows. The lock on the
    // stream makes one wait for the other, so the one that handles the predecessor always finds the deferred event.
    private static readonly string LockStreams = AdvisoryLock.OfStreams("$1", "stream", "unnest($2) AS stream");

    private const string InsertEvents =
        """
        INSERT INTO messaging.inbox (event_id, queue)
        SELECT event_id, $1 FROM unnest($2) AS event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
        """;

    private const string SelectDeferred =
        $"SELECT {EventRows.Columns} FROM messaging.deferred_events WHERE queue = $1 AND stream = ANY($2)";

    private const string Defer =
        $"""
        INSERT INTO messaging.deferred_events ({EventRows.Columns}, queue)
        SELECT {EventRows.Values}, $10 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS e ({EventRows.Columns})
        """;

    private const string RemoveDeferred = "DELETE FROM messaging.deferred_events WHERE queue = $1 AND event_id = ANY($2)";

    // Soon, because it was the event's turn.
    private const string RetryFailed =
        "UPDATE messaging.deferred_events SET failures = failures + 1, retry_at = now() WHERE queue = $1 AND event_id = ANY($2)";

    // The longer an event has waited, the later it is retried: its predecessor may be a dead letter.
    private const string RetryLater =
        """
        UPDATE messaging.deferred_events
        SET retry_at = now() + greatest('30 seconds', least(now() - deferred_at, '10 minutes'))
        WHERE queue = $1 AND event_id = ANY($2)
        """;

    // An event that is redriven later must not be taken for a duplicate.
    private const string Forget =
        """
        WITH deferred AS (DELETE FROM messaging.deferred_events WHERE queue = $1 AND event_id = $2 RETURNING 1),
             received AS (DELETE FROM messaging.inbox WHERE queue = $1 AND event_id = $2 AND EXISTS (SELECT FROM deferred))
        SELECT count(*) FROM deferred
        """;

    /// <summary>Adds the statements that enter events into the inbox; <see cref="ReadReceived"/> takes their results.</summary>
    /// <param name="batch">In the consumer's transaction.</param>
    /// <param name="queue">Where the events come from.</param>
    /// <param name="events">At least one.</param>
    public static void Receive(NpgsqlBatch batch, string queue, IReadOnlyList<EventEnvelope> events)
    {
        var streams = events.Select(e => e.Stream).Distinct().ToArray();
        var ids = events.Select(e => e.EventId).Distinct().Order().ToArray();
        batch.Add(LockStreams, Value(queue), Value(streams));
        batch.Add(InsertEvents, Value(queue), Value(ids));
        batch.Add(SelectDeferred, Value(queue), Value(streams));
    }

    /// <summary>
    /// The streams of the events that were not in the inbox yet, with the events that are deferred there. Leaves the reader after the
    /// results.
    /// </summary>
    /// <param name="reader">At the first result of <see cref="Receive"/>.</param>
    /// <param name="heldBack">Deferred events that are skipped this time.</param>
    public static async Task<ReceivedBatch> ReadReceived(
        NpgsqlDataReader reader, IReadOnlyList<EventEnvelope> events, IReadOnlySet<Guid> heldBack, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        var fresh = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
            fresh.Add(reader.GetGuid(0));

        var backlogs = new Dictionary<string, StreamBacklog>();
        foreach (var @event in events.Where(e => fresh.Contains(e.EventId)).DistinctBy(e => e.EventId))
            BacklogOf(backlogs, @event.Stream, heldBack).Add(@event, deferred: false);
        await reader.NextResultAsync(cancellationToken);
        await ReadDeferred(reader, backlogs, heldBack, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return new ReceivedBatch(backlogs.Values, fresh.Count);
    }

    /// <summary>Reads the events that are deferred on one stream, and locks that stream until the transaction ends.</summary>
    public static async Task<ReceivedBatch> Resume(DbContext database, string queue, string stream, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(LockStreams, Value(queue), Value(new[] { stream }));
        batch.Add(SelectDeferred, Value(queue), Value(new[] { stream }));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var backlogs = new Dictionary<string, StreamBacklog>();
        await ReadDeferred(reader, backlogs, FrozenSet<Guid>.Empty, cancellationToken);
        return new ReceivedBatch(backlogs.Values, 0);
    }

    /// <summary>
    /// Adds the statements that write the outcome of a batch: they defer events that arrived too early, remove deferred events that are now
    /// handled, and postpone those that must keep waiting.
    /// </summary>
    public static void Write(NpgsqlBatch batch, string queue, ReceivedBatch received, IReadOnlySet<Guid> failed)
    {
        var deferred = received.Backlogs.SelectMany(backlog => backlog.ToDefer).ToArray();
        var resumed = received.Resumed.Select(e => e.EventId).ToArray();
        var later = received.Backlogs.SelectMany(backlog => backlog.StillDeferred).Select(e => e.EventId).Except(failed).ToArray();
        if (resumed.Length > 0)
            batch.Add(RemoveDeferred, Value(queue), Value(resumed));
        if (later.Length > 0)
            batch.Add(RetryLater, Value(queue), Value(later));
        if (failed.Count > 0)
            batch.Add(RetryFailed, Value(queue), Value(failed.ToArray()));
        if (deferred.Length > 0)
            batch.Add(Defer, [.. EventRows.Arrays(deferred), Value(queue)]);
    }

    /// <summary>Removes a deferred event, from the inbox as well, as if it had never arrived.</summary>
    /// <returns>False when another transaction has handled it meanwhile.</returns>
    public static async Task<bool> Remove(DbContext database, string queue, EventEnvelope @event, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(LockStreams, Value(queue), Value(new[] { @event.Stream }));
        batch.Add(Forget, Value(queue), Value(@event.EventId));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) && reader.GetInt64(0) > 0;
    }

    private static async Task ReadDeferred(
        NpgsqlDataReader row, Dictionary<string, StreamBacklog> backlogs, IReadOnlySet<Guid> heldBack, CancellationToken cancellationToken)
    {
        while (await row.ReadAsync(cancellationToken))
        {
            var @event = EventRows.Read(row);
            BacklogOf(backlogs, @event.Stream, heldBack).Add(@event, deferred: true);
        }
    }

    private static StreamBacklog BacklogOf(Dictionary<string, StreamBacklog> backlogs, string stream, IReadOnlySet<Guid> heldBack)
    {
        if (!backlogs.TryGetValue(stream, out var backlog))
            backlogs[stream] = backlog = new StreamBacklog(heldBack);
        return backlog;
    }
}
