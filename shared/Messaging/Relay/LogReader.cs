using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging.Relay;

/// <summary>
/// Reads the event log in commit order, and skips nothing. Positions are given out before the commit, so a missing position
/// may still appear. Such a gap is remembered, and what comes after it goes on; it is forgotten when every transaction that
/// was writing to the log when the gap was found has ended, and the position is still missing.
/// </summary>
/// <remarks>
/// INSERT locks the table (ROW EXCLUSIVE) before it draws a position and keeps the lock until its transaction ends, so
/// pg_locks names exactly the transactions that can fill a gap: a long transaction elsewhere is not among them.
/// </remarks>
internal sealed class LogReader(NpgsqlConnection connection, int batchSize)
{
    /// <summary>What <see cref="ReadEvent"/> reads, in its order.</summary>
    public const string Columns =
        "position, event_id, stream, sequence, type, data, correlation_id, causation_id, trace_parent, occurred_at";

    private const string SelectCursor = "SELECT position, gaps FROM messaging.relay_cursor WHERE id = 1";

    private const string UpdateCursor = "UPDATE messaging.relay_cursor SET position = $1, gaps = $2 WHERE id = 1";

    private const string SelectWriters =
        """
        SELECT virtualtransaction
        FROM pg_locks
        WHERE locktype = 'relation'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND relation = 'messaging.event_log'::regclass
          AND mode = 'RowExclusiveLock'
        """;

    // One statement, hence one snapshot: a gap that fills between two statements would come after rows that follow it.
    private const string SelectEvents =
        $"""
        SELECT {Columns}
        FROM messaging.event_log
        WHERE position = ANY($1)
        UNION ALL
        (SELECT {Columns}
         FROM messaging.event_log
         WHERE position > $2
         ORDER BY position
         LIMIT $3)
        ORDER BY position
        """;

    private readonly SortedDictionary<long, HashSet<string>?> gaps = [];
    private long position;
    private LogBatch? confirmed;

    /// <summary>Goes to where the cursor stands.</summary>
    public async Task Start(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SelectCursor, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new InvalidOperationException("messaging.relay_cursor has no row; the migrations insert it.");
        position = reader.GetInt64(0);
        gaps.Clear();
        foreach (var gap in reader.GetFieldValue<long[]>(1))
            gaps[gap] = null;
    }

    /// <summary>
    /// Reads on: events that were not read before, in order; empty when there are none. On the way the cursor moves behind what was
    /// confirmed.
    /// </summary>
    public async Task<LogBatch> Read(CancellationToken cancellationToken)
    {
        var hadGaps = gaps.Count > 0;
        await using var batch = new NpgsqlBatch(connection);
        AddCursor(batch);
        if (hadGaps)
            batch.Add(SelectWriters);
        batch.Add(SelectEvents, Value(gaps.Keys.ToArray()), Value(position), Value(batchSize));

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        confirmed = null;
        var writers = new HashSet<string>();
        if (hadGaps)
        {
            while (await reader.ReadAsync(cancellationToken))
                writers.Add(reader.GetString(0));
            await reader.NextResultAsync(cancellationToken);
        }

        var events = new List<EventEnvelope>();
        while (await reader.ReadAsync(cancellationToken))
            events.Add(ReadEvent(reader));

        var changed = events.Count > 0 | Settle(events, writers);
        return new LogBatch(events, position, [.. gaps.Keys], changed);
    }

    /// <summary>Everything up to the end of a batch is published: the next <see cref="Read"/> writes that down.</summary>
    public void Confirmed(LogBatch batch) => confirmed = batch;

    /// <summary>Writes it down now, because there is no next read.</summary>
    public async Task SaveCursor()
    {
        await using var batch = new NpgsqlBatch(connection);
        AddCursor(batch);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }

    public static EventEnvelope ReadEvent(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        row.GetGuid(1),
        row.GetString(2),
        row.GetInt32(3),
        row.GetString(4),
        row.GetFieldValue<byte[]>(5),
        row.GetGuid(6),
        row.IsDBNull(7) ? null : row.GetGuid(7),
        row.IsDBNull(8) ? null : row.GetString(8),
        row.GetFieldValue<DateTimeOffset>(9));

    private void AddCursor(NpgsqlBatch batch)
    {
        if (confirmed is null)
            return;
        batch.Add(UpdateCursor, Value(confirmed.Position), Value(confirmed.Gaps));
    }

    /// <summary>Brings gaps and position up to date; true when a gap is gone.</summary>
    private bool Settle(List<EventEnvelope> events, HashSet<string> writers)
    {
        var before = gaps.Count;
        foreach (var (gap, suspects) in gaps.ToArray())
        {
            // The writers were listed before the events were read: whoever is not among them had ended by then.
            if (suspects is null)
                gaps[gap] = [.. writers];
            else
                suspects.IntersectWith(writers);
            if (gaps[gap]!.Count == 0)
                gaps.Remove(gap);
        }

        foreach (var @event in events)
        {
            gaps.Remove(@event.Position);
            if (@event.Position <= position)
                continue;
            for (var missing = position + 1; missing < @event.Position; missing++)
                gaps[missing] = null;
            position = @event.Position;
        }

        return gaps.Count < before;
    }
}

/// <summary>What the relay read from the log at once.</summary>
/// <param name="Events">In order.</param>
/// <param name="Position">Where the cursor stands when they are published.</param>
/// <param name="Gaps">Positions below it that may still appear.</param>
/// <param name="Changed">Whether the cursor moves at all.</param>
internal sealed record LogBatch(IReadOnlyList<EventEnvelope> Events, long Position, long[] Gaps, bool Changed);

/// <summary>A row of the event log on its way to the broker.</summary>
internal sealed record EventEnvelope(
    long Position,
    Guid EventId,
    string Stream,
    int Sequence,
    string Type,
    byte[] Body,
    Guid CorrelationId,
    Guid? CausationId,
    string? TraceParent,
    DateTimeOffset OccurredAt);
