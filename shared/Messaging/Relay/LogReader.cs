using Npgsql;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Relay;

/// <summary>Reads the event log by position, starting at the relay's cursor, and skips nothing; see <see cref="GapTracker"/>.</summary>
/// <remarks>
/// INSERT locks the table (ROW EXCLUSIVE) before it draws a position and keeps the lock until its transaction ends, so pg_locks names
/// exactly the transactions that can fill a gap: a long transaction elsewhere is not among them.
/// </remarks>
internal sealed class LogReader(NpgsqlConnection connection, int batchSize)
{
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
        SELECT {LogRows.Columns}
        FROM messaging.event_log
        WHERE position = ANY($1)
        UNION ALL
        (SELECT {LogRows.Columns}
         FROM messaging.event_log
         WHERE position > $2
         ORDER BY position
         LIMIT $3)
        ORDER BY position
        """;

    private GapTracker tracker = new(0, []);
    private LogBatch? confirmed;

    /// <summary>Begins at the stored cursor.</summary>
    public async Task Start(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SelectCursor, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new InvalidOperationException("messaging.relay_cursor has no row; the migrations insert it.");
        tracker = new GapTracker(reader.GetInt64(0), reader.GetFieldValue<long[]>(1));
    }

    /// <summary>
    /// Reads the events that were not read before, in order; empty when there are none. The same round trip moves the cursor past the
    /// confirmed events.
    /// </summary>
    public async Task<LogBatch> Read(CancellationToken cancellationToken)
    {
        var hadGaps = tracker.HasGaps;
        await using var batch = new NpgsqlBatch(connection);
        AddCursor(batch);
        if (hadGaps)
            batch.Add(SelectWriters);
        batch.Add(SelectEvents, Value(tracker.Gaps), Value(tracker.Position), Value(batchSize));

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        confirmed = null;
        var writers = new HashSet<string>();
        if (hadGaps)
        {
            while (await reader.ReadAsync(cancellationToken))
                writers.Add(reader.GetString(0));
            await reader.NextResultAsync(cancellationToken);
        }

        var entries = new List<LogEntry>();
        while (await reader.ReadAsync(cancellationToken))
            entries.Add(LogRows.Read(reader));

        var closed = tracker.Read(entries.Select(entry => entry.Position), writers);
        return new LogBatch(entries, tracker.Position, tracker.Gaps, entries.Count > 0 || closed);
    }

    /// <summary>Everything up to the end of a batch is published: the next <see cref="Read"/> moves the cursor there.</summary>
    public void Confirmed(LogBatch batch) => confirmed = batch;

    /// <summary>Saves the cursor now, because there is no next read.</summary>
    public async Task SaveCursor()
    {
        await using var batch = new NpgsqlBatch(connection);
        AddCursor(batch);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private void AddCursor(NpgsqlBatch batch)
    {
        if (confirmed is not null)
            batch.Add(UpdateCursor, Value(confirmed.Position), Value(confirmed.Gaps));
    }
}

/// <summary>The result of one read of the log.</summary>
/// <param name="Entries">The events, in order.</param>
/// <param name="Position">The cursor's position once they are published.</param>
/// <param name="Gaps">Positions below it that may still appear.</param>
/// <param name="Changed">Whether the cursor moves at all.</param>
internal sealed record LogBatch(IReadOnlyList<LogEntry> Entries, long Position, long[] Gaps, bool Changed);
