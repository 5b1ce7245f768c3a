using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>
/// Ends the oldest partition of the event log: the events of open streams are kept, the others archived, and when the archive is known to
/// hold them, the partition is dropped. Whatever ends it before, the log still has everything, and the next run begins anew.
/// </summary>
internal sealed class LogRetention(IServiceScopeFactory scopes, IEnumerable<IOpenStreams> open, Archives archives, DutyCycle dutyCycle)
{
    private const int BatchSize = 1000;

    /// <returns>How many events were archived.</returns>
    /// <exception cref="RetentionException">The partition must stay.</exception>
    /// <exception cref="ArchiveException">The archive is not there as it was written.</exception>
    public async Task<long> End(NpgsqlConnection connection, Partition partition, CancellationToken cancellation)
    {
        await CheckRelayed(connection, partition, cancellation);
        await archives.RemoveAttempts(partition, (position, id) => Has(connection, partition, position, id, cancellation), cancellation);
        await CopyOpen(connection, partition, cancellation);
        var archived = (await archives.Write(partition, Ended(connection, partition, cancellation), cancellation))?.Events ?? 0;
        await Partitions.End(connection, partition, () => CheckComplete(connection, partition, archived, cancellation), cancellation);
        return archived;
    }

    private static async Task CheckRelayed(NpgsqlConnection connection, Partition partition, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
             SELECT coalesce(
                 cursor.position >= last.position AND NOT EXISTS (SELECT FROM unnest(gaps) AS gap WHERE gap <= last.position),
                 true)
             FROM messaging.relay_cursor AS cursor, (SELECT max(position) AS position FROM {partition.Rows} AS ended) AS last
             """,
            connection);
        if (await command.ExecuteScalarAsync(cancellation) is not true)
            throw new RetentionException($"{partition.Name} stays: not all of its events are published yet.");
    }

    private static async Task<bool> Has(
        NpgsqlConnection connection, Partition partition, long position, Guid id, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT EXISTS (SELECT FROM {partition.Rows} AS ended WHERE position = $1 AND event_id = $2)", connection)
        {
            Parameters = { Value(position), Value(id) },
        };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private async Task CopyOpen(NpgsqlConnection connection, Partition partition, CancellationToken cancellation)
    {
        await Partitions.MakeKept(connection, partition.Table, cancellation);
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<DbContext>();
        foreach (var streams in open)
        {
            // A service says it in LINQ, and a statement needs SQL.
            await using var command = (NpgsqlCommand)streams.In(database).CreateDbCommand();
            command.CommandText =
                $"""
                 INSERT INTO messaging.{partition.Kept}
                 SELECT * FROM {partition.Rows} AS ended
                 WHERE stream IN ({command.CommandText})
                 ON CONFLICT DO NOTHING
                 """;
            (command.Connection, command.CommandTimeout) = (connection, 0);
            await command.ExecuteNonQueryAsync(cancellation);
        }

        await connection.Execute($"ANALYZE messaging.{partition.Kept}", cancellation);
    }

    /// <summary>
    /// What is not kept, in order. In short queries, with rests between: one that takes long would keep the database from cleaning up after
    /// all others.
    /// </summary>
    private async IAsyncEnumerable<OutgoingEvent> Ended(
        NpgsqlConnection connection, Partition partition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var position = long.MinValue;
        while (true)
        {
            var turn = dutyCycle.Begin();
            var events = await Read(connection, partition, position, cancellation);
            foreach (var @event in events)
                yield return @event;
            if (events.Count < BatchSize)
                yield break;
            position = events[^1].Position;
            await turn.Rest(cancellation);
        }
    }

    private static async Task<List<OutgoingEvent>> Read(
        NpgsqlConnection connection, Partition partition, long after, CancellationToken cancellation)
    {
        // OFFSET 0: looked up for each row, by its key, not joined with all.
        await using var command = new NpgsqlCommand(
            $"""
             SELECT {LogReader.Columns}
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
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var events = new List<OutgoingEvent>(BatchSize);
        while (await reader.ReadAsync(cancellation))
            events.Add(LogReader.ReadEvent(reader));
        return events;
    }

    /// <summary>Rows are never changed, so it is enough to count them.</summary>
    private static async Task CheckComplete(NpgsqlConnection connection, Partition partition, long archived, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT (SELECT count(*) FROM {partition.Rows} AS ended) - (SELECT count(*) FROM messaging.{partition.Kept})", connection)
        {
            CommandTimeout = 0,
        };
        if (await command.ExecuteScalarAsync(cancellation) is not long ended || ended != archived)
            throw new RetentionException($"{partition.Name} stays: it has got more events while it was archived.");
    }
}

/// <summary>History can not end yet.</summary>
internal sealed class RetentionException(string message) : Exception(message);
