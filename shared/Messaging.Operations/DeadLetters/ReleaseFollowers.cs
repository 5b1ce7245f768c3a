using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterItem>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/dead-letters/{id}/release</c></summary>
internal static class ReleaseFollowers
{
    // An event that an operator has closed never comes. A handled event is not missing: deferred events on its stream wait for another one.
    private const string SelectFollowers =
        """
        SELECT letter.followers_due,
            (letter.state = 'discarded' OR EXISTS (
                SELECT FROM messaging.dead_letter_actions AS done WHERE done.dead_letter_id = letter.id AND done.action = 'resolve'))
            AND EXISTS (
                SELECT FROM messaging.deferred_events AS deferred
                WHERE deferred.queue = letter.queue AND deferred.stream = letter.stream
                AND (split_part(deferred.type, ':', 1) <> split_part(letter.type, ':', 1) OR deferred.sequence > letter.sequence))
        FROM messaging.dead_letters AS letter
        WHERE id = $1
        """;

    /// <summary>Runs the events that wait for a closed dead letter, which will never come.</summary>
    /// <remarks>
    /// The deferred events of its stream are tried within seconds, in sequence; those that are still too early become dead letters
    /// themselves. At the time of closing, <c>"followers": "run"</c> does the same; use this after <c>wait</c>, or for events that were
    /// deferred since.
    /// </remarks>
    /// <response code="200">Its followers will run now, because of this request or an earlier one.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="404"><c>dead-letter-not-found</c></response>
    /// <response code="409">
    /// It is neither resolved nor discarded: <c>dead-letter-not-closed</c>. Or no event waits for it, or none waits any more:
    /// <c>dead-letter-without-followers</c>.
    /// </response>
    public static async Task<Answer> Handle(
        Guid id, ReleaseRequest request, DbContext database, Operator who, CancellationToken cancellationToken)
    {
        if (Reasons.Fault(request.Reason, required: true) is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedDeadLetter.Find(database, id, cancellationToken) is not { } letter)
            return OpsProblems.NotFound("dead letter", id);
        if (letter.Item.State is not (DeadLetterState.Resolved or DeadLetterState.Discarded))
        {
            return OpsProblems.Conflict(
                "dead-letter-not-closed",
                $"The dead letter is {letter.Item.State.ToColumn()}: its followers run when it is handled, or closed with followers: run.");
        }

        var (due, deferred) = await Followers(database, id, cancellationToken);
        if (due)
            return TypedResults.Ok(letter.Item);
        if (!deferred)
        {
            return OpsProblems.Conflict(
                "dead-letter-without-followers", "No event waits: the message was handled, its followers have run, or none has arrived.");
        }

        var item = await letter.Change(database, "release", who, request.Reason, "{}", "followers_due = true", [], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(item);
    }

    private static async Task<(bool Due, bool Deferred)> Followers(DbContext database, Guid id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add(SelectFollowers, Value(id));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetBoolean(0), row.GetBoolean(1));
    }
}

/// <summary>Why its followers need not wait any longer.</summary>
/// <param name="Reason" example="The work was done by hand.">Up to 500 characters.</param>
internal sealed record ReleaseRequest(string Reason);
