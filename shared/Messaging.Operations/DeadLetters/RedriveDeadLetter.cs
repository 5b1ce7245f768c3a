using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Accepted<RedriveAnswer>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/dead-letters/{id}/redrive</c></summary>
internal static class RedriveDeadLetter
{
    /// <summary>Redrives a dead letter now: it goes back to its queue, with the same id.</summary>
    /// <remarks>
    /// This includes a dead letter that would be redriven automatically later, and one that was redriven more than five minutes ago without
    /// a result.
    /// </remarks>
    /// <param name="request">The reason; optional.</param>
    /// <response code="202">The redrive is scheduled.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="404"><c>dead-letter-not-found</c></response>
    /// <response code="409">
    /// It cannot be redriven now: <c>dead-letter-scheduled</c>, <c>dead-letter-redriven</c>, <c>dead-letter-resolved</c> or
    /// <c>dead-letter-discarded</c>.
    /// </response>
    public static async Task<Answer> Handle(
        Guid id, DbContext database, Signal signal, Operator who, CancellationToken cancellationToken, WithReason? request = null)
    {
        if (Reasons.Fault(request?.Reason, required: false) is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await Redrives.Schedule(database, id, who, request?.Reason, cancellationToken) is not { } at)
        {
            return await LockedDeadLetter.Find(database, id, cancellationToken) is { } letter
                ? letter.Conflict()
                : OpsProblems.NotFound("dead letter", id);
        }

        await transaction.CommitAsync(cancellationToken);
        signal.Set();
        return TypedResults.Accepted((string?)null, new RedriveAnswer(null, 1, 1, at));
    }
}

/// <summary>Why an action is taken.</summary>
/// <param name="Reason" example="The carrier is back.">Up to 500 characters.</param>
internal sealed record WithReason(string? Reason = null);
