using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterItem>, ValidationProblem, ProblemHttpResult>;

/// <summary>
/// Closes a dead letter by hand. The same transaction enters its event into the inbox and removes it from the deferred events,
/// so that no copy of it takes effect later.
/// </summary>
internal static class CloseDeadLetter
{
    private const string Receive =
        """
        WITH deferred AS (DELETE FROM messaging.deferred_events WHERE event_id = $1 AND queue = $2 RETURNING event_id),
             received AS (INSERT INTO messaging.inbox (event_id, queue) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING event_id)
        SELECT count(*) FROM (TABLE deferred UNION ALL TABLE received) AS stopped
        """;

    public static async Task<Answer> Close(
        Guid id,
        CloseRequest request,
        DeadLetterState state,
        string action,
        DbContext database,
        Operator who,
        CancellationToken cancellationToken)
    {
        if (Reasons.Fault(request.Reason, required: true) is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedDeadLetter.FindWithStream(database, id, cancellationToken) is not { } letter)
            return OpsProblems.NotFound("dead letter", id);
        if (letter.Item.State is DeadLetterState.Resolved or DeadLetterState.Discarded)
            return letter.Conflict();
        if (!await TakeOver(database, letter, cancellationToken) && state == DeadLetterState.Discarded)
        {
            return OpsProblems.Conflict("dead-letter-handled", "The event has taken effect meanwhile: resolve the dead letter.");
        }

        var item = await letter.Change(
            database,
            action,
            who,
            request.Reason,
            JsonSerializer.Serialize(new { followers = request.Followers.ToString().ToLowerInvariant() }),
            "state = $2, followers_due = $3",
            [Value(state.ToColumn()), Value(request.Followers == Followers.Run && letter.Item.Stream is not null)],
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(item);
    }

    /// <summary>False if its event has already taken effect. A message without an id cannot be in the inbox.</summary>
    private static async Task<bool> TakeOver(DbContext database, LockedDeadLetter letter, CancellationToken cancellationToken)
    {
        if (letter.EventId is not { } eventId)
            return true;
        await using var batch = database.CreateBatch();
        batch.Add(Receive, Value(eventId), Value(letter.Item.Queue));
        return (long)(await batch.ExecuteScalarAsync(cancellationToken))! > 0;
    }
}

/// <summary>Why it is closed, and what happens to the events that wait for it.</summary>
/// <param name="Reason" example="The customer was refunded by hand.">Up to 500 characters.</param>
/// <param name="Followers">
/// <c>run</c>: deferred events of its stream are tried now, in sequence, and those that are still too early become dead letters;
/// <c>wait</c>: they stay deferred.
/// </param>
internal sealed record CloseRequest(string Reason, Followers Followers);

/// <summary>What to do with events whose predecessor will never come.</summary>
internal enum Followers
{
    /// <summary>They stay deferred.</summary>
    Wait,

    /// <summary>They are tried now; those that are still too early become dead letters.</summary>
    Run,
}
