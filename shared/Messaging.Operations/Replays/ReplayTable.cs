using Npgsql;
using OrderPlatform.Messaging.Operations.Jobs;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>The replays of a service.</summary>
internal sealed class ReplayTable(NpgsqlDataSource source) : JobTable<Replay>(source, "replay")
{
    public async Task<Replay> Add(Replay replay, CancellationToken cancellationToken) => (await One(
        """
        INSERT INTO messaging.replays
            (id, queue, since, until, types, types_given, streams, source, per_second, first, last, position, missing,
             started_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        RETURNING *
        """,
        cancellationToken,
        Value(replay.Id),
        Value(replay.Queue),
        Value(replay.From),
        Value(replay.Until),
        Value(replay.Types.ToArray()),
        Value(replay.TypesAreGiven),
        Value(replay.Streams?.ToArray()),
        Value(replay.Source),
        Value(replay.PerSecond),
        Value(replay.First),
        Value(replay.Last),
        Value(replay.Position),
        Value(replay.Missing),
        Value(replay.StartedBy)))!;

    /// <summary>Records how many events are to be sent, and which requested events are missing.</summary>
    public async Task<Replay> Counted(Replay replay, long total, string? missing, CancellationToken cancellationToken) => (await One(
        "UPDATE messaging.replays SET total = $2, missing = $3, error = NULL WHERE id = $1 RETURNING *",
        cancellationToken,
        Value(replay.Id),
        Value(total),
        Value(missing)))!;

    /// <summary>Records the progress of a replay; the state of the returned one says whether it is still to run.</summary>
    /// <param name="replay">The replay before the batch.</param>
    /// <param name="position">Everything up to this position has been sent.</param>
    /// <param name="sent">How many events the batch had.</param>
    /// <param name="perSecond">The rate limit of the batch; null for none.</param>
    /// <param name="leftOut">Types that are no longer sent; if there are any, the events to send are counted again.</param>
    public async Task<Replay> Sent(
        Replay replay, long position, int sent, int? perSecond, string[] leftOut, CancellationToken cancellationToken) =>
        (await One(
            """
            UPDATE messaging.replays
            SET position = $2,
                sent = sent + $3,
                effective_per_second = $4,
                types = ARRAY(SELECT type FROM unnest(types) AS type WHERE type <> ALL ($5)),
                total = CASE WHEN cardinality($5) = 0 THEN total END,
                error = NULL
            WHERE id = $1 AND position = $6
            RETURNING *
            """,
            cancellationToken,
            Value(replay.Id),
            Value(position),
            Value(sent),
            Value(perSecond),
            Value(leftOut),
            Value(replay.Position)))
        ?? throw new IOException("Another instance of the service is working on it.");

    protected override Replay Read(NpgsqlDataReader row) => new()
    {
        Id = Get<Guid>(row, "id"),
        Queue = Get<string>(row, "queue"),
        From = GetOrNull<DateTimeOffset?>(row, "since"),
        Until = GetOrNull<DateTimeOffset?>(row, "until"),
        Types = Get<string[]>(row, "types"),
        Streams = GetOrNull<string[]>(row, "streams"),
        PerSecond = GetOrNull<int?>(row, "per_second"),
        EffectivePerSecond = GetOrNull<int?>(row, "effective_per_second"),
        Source = Get<string>(row, "source"),
        State = StateOf(row),
        Sent = Get<long>(row, "sent"),
        Total = GetOrNull<long?>(row, "total"),
        StartedAt = Get<DateTimeOffset>(row, "started_at"),
        StartedBy = Get<string>(row, "started_by"),
        EndedAt = GetOrNull<DateTimeOffset?>(row, "ended_at"),
        Error = GetOrNull<string>(row, "error"),
        TypesAreGiven = Get<bool>(row, "types_given"),
        First = Get<long>(row, "first"),
        Last = Get<long>(row, "last"),
        Position = Get<long>(row, "position"),
        Missing = GetOrNull<string>(row, "missing"),
    };
}
