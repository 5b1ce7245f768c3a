using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrderPlatform.Messaging.Operations.Jobs;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

using Answer = Results<Ok<Rebuild>, ProblemHttpResult>;

/// <summary><c>/ops/rebuilds</c></summary>
internal static class RebuildEndpoints
{
    public static void MapRebuilds(this IEndpointRouteBuilder ops)
    {
        var rebuilds = ops.MapGroup("/rebuilds").WithTags("Rebuilds");
        rebuilds.MapPost("/", StartRebuild.Handle).ProducesValidationProblem().ProducesProblem(StatusCodes.Status409Conflict);
        rebuilds.MapGet("/", List);
        rebuilds.MapGet("/{id:guid}", Get).ProducesProblem(StatusCodes.Status404NotFound);
        rebuilds.MapPost("/{id:guid}/cancel", Cancel)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    /// <summary>Lists the rebuilds of this service, without their differences: the newest hundred, newest first.</summary>
    /// <response code="200">The rebuilds.</response>
    public static async Task<Ok<JobList<Rebuild>>> List(RebuildTable rebuilds, CancellationToken cancellationToken) =>
        TypedResults.Ok(new JobList<Rebuild>(
            [.. (await rebuilds.List(cancellationToken)).Select(rebuild => rebuild with { Differences = null })]));

    /// <summary>Shows the progress of a rebuild and the differences it has found.</summary>
    /// <response code="200">The rebuild.</response>
    /// <response code="404"><c>rebuild-not-found</c></response>
    public static Task<Answer> Get(Guid id, RebuildTable rebuilds, CancellationToken cancellationToken) => rebuilds.Answer(id, cancellationToken);

    /// <summary>Cancels a rebuild after the rows that it is comparing. Repaired rows stay repaired.</summary>
    /// <response code="200">The rebuild, cancelled.</response>
    /// <response code="404"><c>rebuild-not-found</c></response>
    /// <response code="409"><c>rebuild-completed</c>, <c>rebuild-failed</c>: the rebuild has ended.</response>
    public static Task<Answer> Cancel(Guid id, RebuildTable rebuilds, CancellationToken cancellationToken) =>
        rebuilds.AnswerChange(id, [JobState.Running], JobState.Cancelled, cancellationToken);
}
