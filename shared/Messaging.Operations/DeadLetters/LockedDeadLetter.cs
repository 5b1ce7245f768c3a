using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>A dead letter whose row is locked until the transaction ends.</summary>
internal sealed record LockedDeadLetter(DeadLetterItem Item, Guid? EventId)
{
    private const string SelectLocked = $"SELECT {DeadLetterItem.Columns}, event_id FROM messaging.dead_letters WHERE id = $1 FOR UPDATE";

    private static readonly string LockStream =
        AdvisoryLock.OfStreams("queue", "coalesce(stream, event_id::text)", "messaging.dead_letters WHERE id = $1");

    private const string Audit =
        "INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, reason, details) VALUES ($1, $2, $3, $4, $5::jsonb)";

    /// <summary>Locks it; null when there is none.</summary>
    public static async Task<LockedDeadLetter?> Find(DbContext database, Guid id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(SelectLocked, Value(id));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new LockedDeadLetter(DeadLetterItem.Read(row), row.GetFieldValue<Guid?>(15)) : null;
    }

    /// <summary>
    /// Locks its stream as well, as handling or deferring the stream's events does. The stream comes first: a transaction that resumes
    /// deferred events also locks the stream before the dead letter.
    /// </summary>
    public static async Task<LockedDeadLetter?> FindWithStream(DbContext database, Guid id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(LockStream, Value(id));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return await Find(database, id, cancellationToken);
    }

    /// <summary>The 409 for an action that its state does not allow.</summary>
    public ProblemHttpResult Conflict() => Item.State switch
    {
        DeadLetterState.Waiting => OpsProblems.Conflict("dead-letter-waiting", "The message has failed again and is waiting. Try again."),
        DeadLetterState.Scheduled => OpsProblems.Conflict("dead-letter-scheduled", $"It is already scheduled, for {Item.RedriveAt:O}."),
        DeadLetterState.Redriven => OpsProblems.Conflict(
            "dead-letter-redriven", $"The message was redriven at {Item.RedriveAt:O}. It comes back if it fails again, is deferred if its "
            + "predecessor is missing, and is otherwise resolved soon. If none of that happens within five minutes, redrive it again."),
        DeadLetterState.Resolved => OpsProblems.Conflict("dead-letter-resolved", "The dead letter is resolved: nothing is left to do."),
        DeadLetterState.Discarded => OpsProblems.Conflict("dead-letter-discarded", "The message was discarded and cannot take effect."),
        _ => throw new InvalidOperationException($"The state {Item.State} is unknown."),
    };

    /// <summary>Changes the row, and records the action.</summary>
    /// <param name="database">The service's database, in the transaction that holds the lock.</param>
    /// <param name="details">Details of the action, as JSON.</param>
    /// <param name="set">The SET clause of the UPDATE, with parameters from <c>$2</c> on.</param>
    /// <param name="values">The values of those parameters.</param>
    public async Task<DeadLetterItem> Change(
        DbContext database,
        string action,
        Operator who,
        string? reason,
        string details,
        string set,
        Npgsql.NpgsqlParameter[] values,
        CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add($"UPDATE messaging.dead_letters SET {set} WHERE id = $1 RETURNING {DeadLetterItem.Columns}", [Value(Item.Id), .. values]);
        batch.Add(Audit, Value(Item.Id), Value(who.Name), Value(action), Value(reason), Value(details));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return DeadLetterItem.Read(row);
    }
}
