using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>Answers to requests about jobs of any kind.</summary>
internal static class JobAnswers
{
    public static async Task<Results<Ok<TJob>, ProblemHttpResult>> Answer<TJob>(
        this JobTable<TJob> jobs, Guid id, CancellationToken cancellationToken)
        where TJob : Job =>
        await jobs.Find(id, cancellationToken) is { } job ? TypedResults.Ok(job) : OpsProblems.NotFound(jobs.Kind, id);

    /// <summary>Moves a job to a new state; repeating the request is not an error.</summary>
    /// <param name="from">The states that allow it.</param>
    public static async Task<Results<Ok<TJob>, ProblemHttpResult>> AnswerChange<TJob>(
        this JobTable<TJob> jobs, Guid id, JobState[] from, JobState to, CancellationToken cancellationToken)
        where TJob : Job
    {
        if ((await jobs.Change(id, from, to, cancellationToken) ?? await jobs.Find(id, cancellationToken)) is not { } job)
            return OpsProblems.NotFound(jobs.Kind, id);
        var state = job.State.ToString().ToLowerInvariant();
        return job.State == to
            ? TypedResults.Ok(job)
            : OpsProblems.Conflict($"{jobs.Kind}-{state}", $"The {jobs.Kind} is {state}: that is final.");
    }
}
