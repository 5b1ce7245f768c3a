using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<CancelAnswer>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/dead-letters/redrives/{id}/cancel</c></summary>
internal static class CancelRedrive
{
    /// <summary>Cancels a bulk redrive: messages that it has not sent yet wait for an operator again.</summary>
    /// <param name="id">The redrive, from the answer to the request that started it.</param>
    /// <param name="request">The reason; optional.</param>
    /// <response code="200">The redrive is cancelled. Messages already sent stay sent.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="409">Nothing is left to cancel, or there is no such redrive: <c>redrive-over</c>.</response>
    public static async Task<Answer> Handle(
        Guid id, DbContext database, Operator who, CancellationToken cancellationToken, WithReason? request = null)
    {
        if (Reasons.Fault(request?.Reason, required: false) is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        await database.Database.OpenConnectionAsync(cancellationToken);
        var cancelled = await Redrives.Cancel(database, id, who, request?.Reason, cancellationToken);
        return cancelled > 0
            ? TypedResults.Ok(new CancelAnswer(cancelled))
            : OpsProblems.Conflict(
                "redrive-over", $"The redrive {id} has nothing scheduled: it has sent everything, was cancelled, or never existed.");
    }
}

/// <summary>The result of cancelling a redrive.</summary>
/// <param name="Cancelled" example="17">How many dead letters wait for an operator again.</param>
internal sealed record CancelAnswer(long Cancelled);
