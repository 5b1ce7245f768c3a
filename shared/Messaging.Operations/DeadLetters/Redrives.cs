using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Schedules redrives. Of many, only what waits is scheduled, so that asking twice changes nothing; one alone also if it would go by
/// itself, or was not heard of for five minutes. Each message of a redrive has its time, in the order of streams and sequences.
/// </summary>
internal static class Redrives
{
    /// <summary>The redrive of everything that an operator redrives alone: at once, at any speed.</summary>
    public static readonly Guid Single = Guid.Empty;

    /// <summary>The redrive of everything that is redriven by itself: each at its own time, and all of it at a speed.</summary>
    public static readonly Guid Automatic = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

    /// <summary>Those that never end.</summary>
    public static readonly Guid[] Lasting = [Single, Automatic];

    private static readonly TimeSpan LongestStatement = TimeSpan.FromMinutes(5);

    private const string ScheduleOne =
        """
        WITH scheduled AS (
            UPDATE messaging.dead_letters
            SET state = 'scheduled', redrive_kind = 'operator', redrive_id = $2, redrive_at = now()
            WHERE id = $1 AND (
                state = 'waiting'
                OR state = 'scheduled' AND redrive_kind = 'automatic'
                OR state = 'redriven' AND redriven_at < now() - interval '5 minutes')
            RETURNING id, redrive_at),
        audited AS (
            INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, reason, details)
            SELECT id, $3, 'redrive', $4, jsonb_build_object('redriveAt', redrive_at) FROM scheduled)
        SELECT redrive_at FROM scheduled
        """;

    /// <summary>
    /// Schedules one dead letter for now, also one that would be redriven automatically later, and one that was redriven and neither came
    /// back nor was handled: the broker may have lost it.
    /// </summary>
    /// <returns>When it goes; null when there is none with this id that waits.</returns>
    public static async Task<DateTimeOffset?> Schedule(
        DbContext database, Guid id, Operator who, string? reason, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(ScheduleOne, Value(id), Value(Single), Value(who.Name), Value(reason));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    // Whoever has locked the redrive alone sends from it.
    private const string CancelMany =
        """
        WITH redrive AS MATERIALIZED (
            SELECT id FROM messaging.redrives WHERE id = $1 AND id <> ALL($2) FOR UPDATE),
        cancelled AS (
            UPDATE messaging.dead_letters
            SET state = 'waiting', redrive_kind = NULL, redrive_id = NULL, redrive_at = NULL
            WHERE redrive_id = (SELECT id FROM redrive) AND due_at IS NOT NULL
            RETURNING id),
        audited AS (
            INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, reason, details)
            SELECT id, $3, 'cancel', $4, jsonb_build_object('redrive', $1) FROM cancelled)
        SELECT count(*) FROM cancelled
        """;

    /// <summary>Takes back what a redrive of many has not sent yet. What is being sent just now, it waits for, and leaves.</summary>
    /// <returns>How many.</returns>
    public static async Task<long> Cancel(DbContext database, Guid id, Operator who, string? reason, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(CancelMany, Value(id), Value(Lasting), Value(who.Name), Value(reason));
        batch.Timeout = (int)LongestStatement.TotalSeconds;
        return (long)(await batch.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>How many wait that a filter lets through.</summary>
    public static async Task<long> Count(DbContext database, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("");
        command.CommandText = $"SELECT count(*) FROM messaging.dead_letters WHERE {filter.Where(command.Parameters, waiting: true)}";
        command.CommandTimeout = (int)LongestStatement.TotalSeconds;
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Schedules what waits: the oldest, if a limit says so.</summary>
    /// <returns>By what it can be cancelled, how many they are, and when the last of them goes.</returns>
    public static async Task<(Guid Id, long Scheduled, DateTimeOffset? LastAt)> Schedule(
        DbContext database,
        DeadLetterFilter filter,
        int? limit,
        double perSecond,
        Operator who,
        string? reason,
        CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("");
        var parameters = command.Parameters;
        var redrive = Guid.CreateVersion7();
        parameters.AddRange(
            new NpgsqlParameter[] { Value(redrive), Value(perSecond), Value(who.Name), Value(reason), Value(limit ?? long.MaxValue) });
        command.CommandText = EmbeddedSql.Of(typeof(Redrives), "Schedule", ("where", filter.Where(parameters, waiting: true)));
        command.CommandTimeout = (int)LongestStatement.TotalSeconds;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (redrive, reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset?>(1));
    }
}
