using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<CancelAnswer>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/dead-letters/redrives/{id}/cancel</c></summary>
internal static class CancelRedrive
{
    /// <summary>Stops a redrive of many: what it has not sent yet waits for people again.</summary>
    /// <param name="id">The redrive, as it was answered when somebody asked for it.</param>
    /// <param name="database">The service's.</param>
    /// <param name="who">Asks for it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="request">Why; may be left out.</param>
    /// <response code="200">It has ended. What was sent is sent.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="409">Nothing is left of it to stop, or there is none: <c>redrive-over</c>.</response>
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
                "redrive-over", $"Nothing is scheduled by a redrive {id}: it has sent everything, or was cancelled, or there was none.");
    }
}

/// <summary>What became of a redrive.</summary>
/// <param name="Cancelled" example="17">How many dead letters wait for people again.</param>
internal sealed record CancelAnswer(long Cancelled);
