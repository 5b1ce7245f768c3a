using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Schedules redrives. A bulk redrive takes only waiting dead letters, so that asking twice changes nothing. A single redrive also takes
/// a dead letter that is scheduled automatically, or was redriven more than five minutes ago without a result. Each message of a redrive
/// has its own time, in the order of streams and sequences.
/// </summary>
internal static class Redrives
{
    private static readonly string ScheduleSql = EmbeddedSql.Of(typeof(Redrives), "Schedule");

    /// <summary>The redrive of all messages that operators redrive individually: at once, without a rate.</summary>
    public static readonly Guid Single = Guid.Empty;

    /// <summary>The redrive of all messages that are redriven automatically: each at its own time, together at a limited rate.</summary>
    public static readonly Guid Automatic = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

    /// <summary>The redrives that never end.</summary>
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
    /// Schedules one dead letter for now. It may also be one that would be redriven automatically later, or one that was redriven and
    /// neither came back nor was handled: the broker may have lost it.
    /// </summary>
    /// <returns>When it is due; null when there is none with this id, or its state does not allow it.</returns>
    public static async Task<DateTimeOffset?> Schedule(
        DbContext database, Guid id, Operator who, string? reason, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(ScheduleOne, Value(id), Value(Single), Value(who.Name), Value(reason));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    // Only the transaction that has locked the redrive sends from it.
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

    /// <summary>Cancels the unsent messages of a bulk redrive. Waits for messages that are being sent, and leaves them alone.</summary>
    /// <returns>How many dead letters wait again.</returns>
    public static async Task<long> Cancel(DbContext database, Guid id, Operator who, string? reason, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(CancelMany, Value(id), Value(Lasting), Value(who.Name), Value(reason));
        batch.Timeout = (int)LongestStatement.TotalSeconds;
        return (long)(await batch.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Counts the waiting dead letters that match a filter.</summary>
    public static async Task<long> Count(DbContext database, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("");
        command.CommandText = $"SELECT count(*) FROM messaging.dead_letters WHERE {filter.Where(command.Parameters, waiting: true)}";
        command.CommandTimeout = (int)LongestStatement.TotalSeconds;
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Schedules waiting dead letters that match a filter; with a limit, those whose last failure is oldest.</summary>
    /// <returns>The redrive's id, how many messages it has, and when the last of them is due.</returns>
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
        command.CommandText = ScheduleSql.Replace("{where}", filter.Where(parameters, waiting: true), StringComparison.Ordinal);
        command.CommandTimeout = (int)LongestStatement.TotalSeconds;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (redrive, reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset?>(1));
    }
}
