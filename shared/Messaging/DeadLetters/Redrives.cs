using Microsoft.EntityFrameworkCore;
using static OrderPlatform.Messaging.NpgsqlAccess;

namespace OrderPlatform.Messaging;

/// <summary>
/// Schedules redrives. Only what waits is scheduled, so that asking twice changes nothing; and each message of a redrive has its time, in
/// the order of streams and sequences.
/// </summary>
internal static class Redrives
{
    /// <summary>The redrive of everything that is redriven alone: at its own time, at any speed.</summary>
    public static readonly Guid Single = Guid.Empty;

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
        DbContext database, Guid id, Operator who, string? reason, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.Add(ScheduleOne, Value(id), Value(Single), Value(who.Name), Value(reason));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    /// <summary>How many wait that a filter lets through.</summary>
    public static async Task<long> Count(DbContext database, DeadLetterFilter filter, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("");
        command.CommandText = $"SELECT count(*) FROM messaging.dead_letters WHERE {filter.Where(command.Parameters, waiting: true)}";
        command.CommandTimeout = (int)LongestStatement.TotalSeconds;
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Schedules what waits: the oldest, if a limit says so.</summary>
    /// <returns>How many, and when the last of them goes.</returns>
    public static async Task<(long Scheduled, DateTimeOffset? LastAt)> Schedule(
        DbContext database,
        DeadLetterFilter filter,
        int? limit,
        double perSecond,
        Operator who,
        string? reason,
        CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("");
        var parameters = command.Parameters;
        var (id, rate) = (Next(parameters, Guid.CreateVersion7()), Next(parameters, perSecond));
        var (by, why) = (Next(parameters, who.Name), Next(parameters, reason));
        command.CommandText =
            $"""
            WITH redrive AS (INSERT INTO messaging.redrives (id, per_second) VALUES ({id}, {rate})),
                 chosen AS MATERIALIZED (
                    SELECT id, stream, sequence
                    FROM messaging.dead_letters
                    WHERE {filter.Where(parameters, waiting: true)}
                    ORDER BY last_failed_at, id
                    LIMIT {Next(parameters, limit ?? long.MaxValue)}
                    FOR UPDATE),
                 placed AS (SELECT id, row_number() OVER (ORDER BY stream, sequence, id) - 1 AS place FROM chosen),
                 scheduled AS (
                    UPDATE messaging.dead_letters AS letter
                    SET state = 'scheduled', redrive_kind = 'operator', redrive_id = {id},
                        redrive_at = now() + place / {rate} * interval '1 second'
                    FROM placed
                    WHERE letter.id = placed.id
                    RETURNING letter.id, redrive_at),
                 audited AS (
                    INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, reason, details)
                    SELECT id, {by}, 'redrive', {why}, jsonb_build_object('redriveAt', redrive_at, 'redrive', {id}, 'perSecond', {rate})
                    FROM scheduled)
            SELECT count(*), max(redrive_at) FROM scheduled
            """;
        command.CommandTimeout = (int)LongestStatement.TotalSeconds;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<DateTimeOffset>(1));
    }
}
