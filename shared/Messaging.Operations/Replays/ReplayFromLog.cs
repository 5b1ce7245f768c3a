using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.History;
using OrderPlatform.Messaging.Operations.Retention;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Replays from the event log.</summary>
internal sealed class ReplayFromLog(IServiceScopeFactory scopes, NpgsqlDataSource source, RetentionOptions options)
    : IReplaySource, IReplayReader
{
    /// <summary>The source of a replay that names none.</summary>
    public const string Log = "log";

    /// <summary>The maximum number of positions that one query reads.</summary>
    private const int Stretch = 20_000;

    private const string Wanted =
        """
        position > $1 AND position <= $2 AND type = ANY ($3)
        AND ($4::timestamptz IS NULL OR occurred_at >= $4) AND ($5::timestamptz IS NULL OR occurred_at < $5)
        """;

    // The planner cannot know that some streams are few rows of a large log, so all their rows are found by their index first.
    private const string OfStreams = $"SELECT * FROM messaging.event_log WHERE stream = ANY ($6) AND {Wanted}";

    private const string OfAll = $"SELECT * FROM messaging.event_log WHERE {Wanted}";

    private const string SelectWholeSince = "SELECT until FROM messaging.partitions('event_log') WHERE name = 'event_log_past'";

    public string Name => Log;

    public async Task<(long First, long Last)> Positions(DateTimeOffset? from, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await LogPositions.Of(scope.ServiceProvider.GetRequiredService<DbContext>(), from, until, cancellationToken);
    }

    public async Task<long> Count(Replay replay, CancellationToken cancellationToken)
    {
        await using var count = source.CreateCommand(
            $"WITH found AS ({(replay.Streams is null ? OfAll : OfStreams)}) SELECT count(*) FROM found");
        count.CommandTimeout = 0;
        AddParameters(count, replay, replay.First - 1, replay.Last);
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// Events that retention has archived, if it archives. Those it archives later were counted, so the replay fails at its end.
    /// </summary>
    public async Task<string?> Missing(DateTimeOffset? from, CancellationToken cancellationToken)
    {
        if (options.Archive.Kind is ArchiveKind.None)
            return null;
        await using var select = source.CreateCommand(SelectWholeSince);
        var whole = (DateTime)(await select.ExecuteScalarAsync(cancellationToken))!;
        return from >= whole
            ? null
            : $"The log is complete from {whole:u} on; older events may have moved to the archive, "
                + """except those of streams that were still open. When this replay has ended, start another with "source": "archive".""";
    }

    /// <summary>The replay itself holds the position to read from.</summary>
    public IReplayReader Open(Replay replay, CancellationToken cancellationToken) => this;

    public async Task<(IReadOnlyList<LogEntry> Events, long Position)> Read(Replay replay, int limit, CancellationToken cancellationToken)
    {
        var end = replay.Streams is null ? Math.Min(replay.Last, replay.Position + Stretch) : replay.Last;
        await using var select = source.CreateCommand(
            $"""
             WITH found AS {(replay.Streams is null ? $"NOT MATERIALIZED ({OfAll})" : $"MATERIALIZED ({OfStreams})")}
             SELECT {LogRows.Columns} FROM found ORDER BY position LIMIT {limit}
             """);
        AddParameters(select, replay, replay.Position, end);
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var events = new List<LogEntry>(limit);
        while (await reader.ReadAsync(cancellationToken))
            events.Add(LogRows.Read(reader));
        return (events, events.Count == limit ? events[^1].Position : end);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void AddParameters(NpgsqlCommand command, Replay replay, long after, long end)
    {
        command.Parameters.Add(Value(after));
        command.Parameters.Add(Value(end));
        command.Parameters.Add(Value(replay.Types.ToArray()));
        command.Parameters.Add(Value(replay.From));
        command.Parameters.Add(Value(replay.Until));
        if (replay.Streams is { } streams)
            command.Parameters.Add(Value(streams.ToArray()));
    }
}
