using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Accepted<RedriveAnswer>, Ok<RedriveAnswer>, ValidationProblem>;

/// <summary><c>POST /ops/dead-letters/redrives</c></summary>
internal static class RedriveDeadLetters
{
    private const int MostIds = 1000;

    /// <summary>
    /// Redrives many dead letters: those with the given ids, or all that match a filter. Only those that are waiting are redriven.
    /// </summary>
    /// <remarks>
    /// They are published to their queues over time, in the order of streams and sequences, at most <c>perSecond</c> a second. The redrive
    /// can be cancelled meanwhile.
    /// </remarks>
    /// <param name="request">Which dead letters, and how fast. <c>{"filter": {}}</c> means all.</param>
    /// <response code="200">For a dry run: what would be redriven.</response>
    /// <response code="202">The redrive is scheduled.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    public static async Task<Answer> Handle(
        RedriveRequest request,
        DbContext database,
        DeadLetterOptions options,
        Signal signal,
        TimeProvider clock,
        Operator who,
        CancellationToken cancellationToken)
    {
        if (Fault(request) is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        var filter = request.Filter ?? new DeadLetterFilter { Ids = request.Ids };
        var perSecond = request.PerSecond ?? options.RedrivesPerSecond;
        await database.Database.OpenConnectionAsync(cancellationToken);
        var matched = await Redrives.Count(database, filter, cancellationToken);
        if (request.DryRun)
        {
            var last = Math.Min(matched, request.Limit ?? matched) - 1;
            return TypedResults.Ok(
                new RedriveAnswer(null, matched, 0, last < 0 ? null : clock.GetUtcNow().AddSeconds(last / perSecond)));
        }

        var (id, scheduled, lastAt) = await Redrives.Schedule(
            database, filter, request.Limit, perSecond, who, request.Reason, cancellationToken);
        signal.Set();
        return TypedResults.Accepted((string?)null, new RedriveAnswer(scheduled > 0 ? id : null, matched, scheduled, lastAt));
    }

    private static (string Field, string Message)? Fault(RedriveRequest request)
    {
        if (request.Ids is null == request.Filter is null)
            return ("$", "Give either ids or filter.");
        if (request.Ids is { Count: 0 or > MostIds })
            return ("ids", $"Must have 1 to {MostIds} ids; use filter for more.");
        if (request.Filter?.State is not (null or DeadLetterState.Waiting))
            return ("filter.state", "Must be waiting or omitted: only waiting dead letters are redriven.");
        if (request.Filter?.Fault is { } fault)
            return ($"filter.{fault.Field}", fault.Message);
        if (request.Limit is < 1)
            return ("limit", "Must be at least 1.");
        if (request.PerSecond is not (null or (>= 0.001 and <= 10_000)))
            return ("perSecond", "Must be from 0.001 to 10000.");
        return Reasons.Fault(request.Reason, required: false);
    }
}

/// <summary>Which dead letters to redrive, and how fast.</summary>
/// <param name="Ids">The dead letters, 1 to 1000. Give either this or <paramref name="Filter"/>.</param>
/// <param name="Filter">All dead letters that match.</param>
/// <param name="DryRun">Only count them; redrive none.</param>
/// <param name="Limit" example="100">The maximum number of dead letters to redrive: those whose last failure is oldest.</param>
/// <param name="PerSecond" example="10">
/// The maximum number of messages a second; by default <c>Messaging:DeadLetters:RedrivesPerSecond</c>.
/// </param>
/// <param name="Reason" example="The carrier is back.">Up to 500 characters.</param>
internal sealed record RedriveRequest(
    IReadOnlyList<Guid>? Ids = null,
    DeadLetterFilter? Filter = null,
    bool DryRun = false,
    int? Limit = null,
    double? PerSecond = null,
    string? Reason = null);

/// <summary>The result of a redrive.</summary>
/// <param name="Id">The redrive's id, by which it can be cancelled; null for one message, for none, or for a dry run.</param>
/// <param name="Matched" example="17">How many waiting dead letters matched.</param>
/// <param name="Scheduled" example="17">How many of them are redriven; 0 in a dry run.</param>
/// <param name="LastAt">When the last of them is due, UTC; null when there is none.</param>
internal sealed record RedriveAnswer(Guid? Id, long Matched, long Scheduled, DateTimeOffset? LastAt);
