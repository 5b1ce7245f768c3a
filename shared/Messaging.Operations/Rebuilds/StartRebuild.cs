using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary><c>POST /ops/rebuilds</c></summary>
internal static class StartRebuild
{
    /// <summary>Compares this service's rows with the fold of their events, and repairs them on request.</summary>
    /// <remarks>
    /// It goes through all rows, and then through the log for events without a row, while the service continues to work. Follow the job at
    /// the address in <c>Location</c>.
    /// </remarks>
    /// <response code="202">The rebuild will run.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="409"><c>nothing-to-rebuild</c>: this service has no rows that follow from its own events alone.</response>
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
                "This service has no rows that follow from its own events alone. To restore lost rows, replay other services' events.");
        }

        var rebuild = await rebuilds.Add(Guid.CreateVersion7(clock.GetUtcNow()), request.Mode, who.Name, cancellationToken);
        return TypedResults.Accepted($"/ops/rebuilds/{rebuild.Id}", rebuild);
    }
}

/// <summary>What a rebuild should do.</summary>
/// <param name="Mode" example="compare"><c>compare</c> only reports; <c>repair</c> also repairs the rows from their events.</param>
internal sealed record RebuildRequest(RebuildMode Mode);
