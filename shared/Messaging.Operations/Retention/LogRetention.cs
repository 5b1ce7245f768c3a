using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Pacing;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Drops the oldest partition of the event log: the events of open streams are kept, the others archived, and the partition is dropped once
/// the archive is verified. If the run is interrupted before, the log still has everything, and the next run starts again.
/// </summary>
internal sealed class LogRetention(
    IServiceScopeFactory scopes,
    IEnumerable<IOpenStreams> open,
    LogArchive archive,
    RetentionProgress progress,
    BackgroundThrottle throttle)
{
    private const int BatchSize = 1000;

    // Only this connection sees the table, and only as long as it is open.
    private const string MakeOpen =
        "DROP TABLE IF EXISTS pg_temp.open_streams; CREATE TEMP TABLE open_streams (stream varchar(100) PRIMARY KEY)";

    /// <returns>How many events were archived.</returns>
    /// <exception cref="RetentionException">The partition must stay.</exception>
    /// <exception cref="ArchiveException">The archive does not match what was written.</exception>
    public async Task<long> End(NpgsqlConnection connection, Partition partition, CancellationToken cancellationToken)
    {
        await CheckRelayed(connection, partition, cancellationToken);
        await archive.RemoveAttempts(partition, events => Lacks(connection, partition, events, cancellationToken), cancellationToken);
        await CopyOpen(connection, partition, cancellationToken);
        var archived = (await archive.Write(partition, Ended(connection, partition, cancellationToken), cancellationToken))?.Events ?? 0;
        await Partitions.End(
            connection,
            partition,
            async () =>
            {
                await CheckComplete(connection, partition, archived, cancellationToken);
                // Checked again: events that arrived meanwhile may be archived, but that does not mean they are published.
                await CheckRelayed(connection, partition, cancellationToken);
            },
            cancellationToken);
        return archived;
    }

    private static async Task CheckRelayed(NpgsqlConnection connection, Partition partition, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
             SELECT coalesce(
                 cursor.position >= last.position AND NOT EXISTS (SELECT FROM unnest(gaps) AS gap WHERE gap <= last.position),
                 true)
             FROM messaging.relay_cursor AS cursor, (SELECT max(position) AS position FROM {partition.Rows} AS ended) AS last
             """,
            connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
            throw new RetentionException($"{partition.Name} stays: not all of its events are published yet.");
    }

    /// <returns>The first of some events that the partition does not have; null if it has them all.</returns>
    private static async Task<ArchivedKey?> Lacks(
        NpgsqlConnection connection, Partition partition, IReadOnlyList<ArchivedKey> events, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
             SELECT position, event_id
             FROM unnest($1, $2) AS archived (position, event_id)
             WHERE NOT EXISTS (
                 SELECT FROM {partition.Rows} AS ended
                 WHERE ended.position = archived.position AND ended.event_id = archived.event_id OFFSET 0)
             ORDER BY position
             LIMIT 1
             """,
            connection)
        {
            Parameters = { Value(events.Select(e => e.Position).ToArray()), Value(events.Select(e => e.EventId).ToArray()) },
            CommandTimeout = 60,
        };
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new ArchivedKey(row.GetInt64(0), row.GetGuid(1)) : null;
    }

    /// <summary>Copies the events of open streams, some streams at a time, by the index on stream names.</summary>
    private async Task CopyOpen(NpgsqlConnection connection, Partition partition, CancellationToken cancellationToken)
    {
        await Partitions.MakeKept(connection, partition.Table, cancellationToken);
        await connection.Execute(MakeOpen, cancellationToken);
        foreach (var streams in open)
            await Partitions.InTransaction(connection, () => ListOpen(connection, streams, cancellationToken), cancellationToken);
        var last = "";
        while (last is not null)
        {
            var turn = throttle.Begin();
            last = await CopyOpen(connection, partition, last, cancellationToken);
            await turn.Rest(cancellationToken);
        }

        await connection.Execute($"ANALYZE messaging.{partition.Kept}", cancellationToken);
    }

    private async Task ListOpen(NpgsqlConnection connection, IOpenStreams streams, CancellationToken cancellationToken)
    {
        await connection.Execute(Partitions.ReadTables, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        // The service's query is LINQ; this statement needs its SQL.
        await using var command = (NpgsqlCommand)streams.In(scope.ServiceProvider.GetRequiredService<DbContext>()).CreateDbCommand();
        command.CommandText = $"INSERT INTO open_streams SELECT * FROM ({command.CommandText}) AS open ON CONFLICT DO NOTHING";
        (command.Connection, command.CommandTimeout) = (connection, 0);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>The last stream; null when there was none.</returns>
    private static async Task<string?> CopyOpen(
        NpgsqlConnection connection, Partition partition, string after, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
             WITH next AS MATERIALIZED (SELECT stream FROM open_streams WHERE stream > $1 ORDER BY stream LIMIT {BatchSize}),
                  copied AS (
                     INSERT INTO messaging.{partition.Kept}
                     SELECT ended.*
                     FROM next, LATERAL (SELECT * FROM {partition.Rows} AS rows WHERE stream = next.stream OFFSET 0) AS ended)
             SELECT max(stream) FROM next
             """,
            connection)
        {
            Parameters = { Value(after) },
            CommandTimeout = 60,
        };
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>
    /// The events that are not kept, in order. Reads them in short queries with rests in between: a long query would keep the database from
    /// vacuuming.
    /// </summary>
    private async IAsyncEnumerable<LogEntry> Ended(
        NpgsqlConnection connection, Partition partition, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (position, archived) = (long.MinValue, 0L);
        while (true)
        {
            var turn = throttle.Begin();
            var events = await Read(connection, partition, position, cancellationToken);
            foreach (var @event in events)
                yield return @event;
            if (events.Count < BatchSize)
                yield break;
            position = events[^1].Position;
            progress.Made(partition.Name, $"{archived += events.Count} events archived");
            await turn.Rest(cancellationToken);
        }
    }

    private static async Task<List<LogEntry>> Read(
        NpgsqlConnection connection, Partition partition, long after, CancellationToken cancellationToken)
    {
        // OFFSET 0: a lookup by key for each row, instead of a join of the tables.
        await using var command = new NpgsqlCommand(
            $"""
             SELECT {LogRows.Columns}
             FROM {partition.Rows} AS ended
             WHERE position > $1
               AND NOT EXISTS (SELECT FROM messaging.{partition.Kept} AS kept WHERE kept.position = ended.position OFFSET 0)
             ORDER BY position
             LIMIT $2
             """,
            connection)
        {
            Parameters = { Value(after), Value(BatchSize) },
            CommandTimeout = 60,
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<LogEntry>(BatchSize);
        while (await reader.ReadAsync(cancellationToken))
            events.Add(LogRows.Read(reader));
        return events;
    }

    /// <summary>Rows are never changed, so it is enough to count them.</summary>
    private static async Task CheckComplete(NpgsqlConnection connection, Partition partition, long archived, CancellationToken cancellationToken)
    {
        await connection.Execute(Partitions.ReadTables, cancellationToken);
        await using var command = new NpgsqlCommand(
            $"SELECT (SELECT count(*) FROM {partition.Rows} AS ended) - (SELECT count(*) FROM messaging.{partition.Kept})", connection)
        {
            CommandTimeout = 0,
        };
        if (await command.ExecuteScalarAsync(cancellationToken) is not long ended || ended != archived)
            throw new RetentionException($"{partition.Name} stays: more events arrived while it was being archived.");
    }
}

/// <summary>The partition cannot be dropped yet.</summary>
internal sealed class RetentionException(string message) : Exception(message);
