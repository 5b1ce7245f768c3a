using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary><c>POST /ops/rebuilds</c></summary>
internal static class StartRebuild
{
    /// <summary>Compares this service's rows with the events that they are made of, and repairs them if asked to.</summary>
    /// <remarks>
    /// It goes through all rows, and then through the log for events that have none, while the service works on. Follow the job at the
    /// address in <c>Location</c>.
    /// </remarks>
    /// <response code="202">The rebuild is to run.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="409"><c>nothing-to-rebuild</c>: this service's rows say more than its events.</response>
    public static async Task<Results<Accepted<Rebuild>, ProblemHttpResult>> Handle(
        RebuildRequest request,
        Operator who,
        RebuildTable rebuilds,
        IEnumerable<RowFold> folds,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        if (!folds.Any())
        {
            return OpsProblems.Conflict(
                "nothing-to-rebuild",
                "No rows of this service are made of its events alone. Those that lack something need a replay from other services.");
        }

        var rebuild = await rebuilds.Add(Guid.CreateVersion7(clock.GetUtcNow()), request.Mode, who.Name, cancellationToken);
        return TypedResults.Accepted($"/ops/rebuilds/{rebuild.Id}", rebuild);
    }
}

/// <summary>What to do.</summary>
/// <param name="Mode" example="compare"><c>compare</c> only reports; <c>repair</c> makes the rows what the events say.</param>
internal sealed record RebuildRequest(RebuildMode Mode);
