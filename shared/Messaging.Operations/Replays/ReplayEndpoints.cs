using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrderPlatform.Messaging.Operations.Jobs;

namespace OrderPlatform.Messaging.Operations.Replays;

using Answer = Results<Ok<Replay>, ProblemHttpResult>;

/// <summary><c>/ops/replays</c></summary>
internal static class ReplayEndpoints
{
    public static void MapReplays(this IEndpointRouteBuilder ops)
    {
        var replays = ops.MapGroup("/replays").WithTags("Replays");
        replays.MapPost("/", StartReplay.Handle).ProducesValidationProblem().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        replays.MapGet("/", List);
        replays.MapGet("/{id:guid}", Get).ProducesProblem(StatusCodes.Status404NotFound);
        replays.MapPost("/{id:guid}/pause", Pause).ProducesChangeProblems();
        replays.MapPost("/{id:guid}/resume", Resume).ProducesChangeProblems();
        replays.MapPost("/{id:guid}/cancel", Cancel).ProducesChangeProblems();
    }

    /// <summary>Lists the replays of this service: the newest hundred, newest first.</summary>
    /// <response code="200">The replays.</response>
    public static async Task<Ok<JobList<Replay>>> List(ReplayTable replays, CancellationToken cancellationToken) =>
        TypedResults.Ok(new JobList<Replay>(await replays.List(cancellationToken)));

    /// <summary>Shows the progress of a replay.</summary>
    /// <response code="200">The replay.</response>
    /// <response code="404"><c>replay-not-found</c></response>
    public static Task<Answer> Get(Guid id, ReplayTable replays, CancellationToken cancellationToken) => replays.Answer(id, cancellationToken);

    /// <summary>Pauses a replay after the batch that it is sending.</summary>
    /// <response code="200">The replay, paused.</response>
    /// <response code="404"><c>replay-not-found</c></response>
    /// <response code="409"><c>replay-completed</c>, <c>replay-cancelled</c>, <c>replay-failed</c>: the replay has ended.</response>
    public static Task<Answer> Pause(Guid id, ReplayTable replays, CancellationToken cancellationToken) =>
        replays.AnswerChange(id, [JobState.Running], JobState.Paused, cancellationToken);

    /// <summary>Resumes a paused replay where it stopped.</summary>
    /// <response code="200">The replay, running.</response>
    /// <response code="404"><c>replay-not-found</c></response>
    /// <response code="409"><c>replay-completed</c>, <c>replay-cancelled</c>, <c>replay-failed</c>: the replay has ended.</response>
    public static Task<Answer> Resume(Guid id, ReplayTable replays, CancellationToken cancellationToken) =>
        replays.AnswerChange(id, [JobState.Paused], JobState.Running, cancellationToken);

    /// <summary>Cancels a replay after the batch that it is sending. Events already sent stay sent.</summary>
    /// <response code="200">The replay, cancelled.</response>
    /// <response code="404"><c>replay-not-found</c></response>
    /// <response code="409"><c>replay-completed</c>, <c>replay-failed</c>: the replay has ended.</response>
    public static Task<Answer> Cancel(Guid id, ReplayTable replays, CancellationToken cancellationToken) =>
        replays.AnswerChange(id, [JobState.Running, JobState.Paused], JobState.Cancelled, cancellationToken);

    private static void ProducesChangeProblems(this RouteHandlerBuilder route) =>
        route.ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
}
