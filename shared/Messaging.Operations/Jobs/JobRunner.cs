using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>
/// Runs the jobs of a table, one at a time, on the instance of the service that holds an advisory lock. A job that is interrupted by an
/// outage or by the end of its process continues from the progress in its row.
/// </summary>
internal abstract partial class JobRunner<TJob>(
    JobTable<TJob> jobs, DatabaseAddress address, DatabaseStartup database, TimeSpan pollInterval, ILogger logger)
    : BackgroundLoop(database.Ready, TimeSpan.Zero)
    where TJob : Job
{
    /// <summary>How many polls a job waits after it was put off.</summary>
    private const int PutOffPolls = 20;

    private readonly Dictionary<Guid, long> putOff = [];

    /// <summary>
    /// Works on a job until its state is no longer running. After any exception but <see cref="JobFailedException"/> it is called again;
    /// after <see cref="JobPutOffException"/>, other jobs go first.
    /// </summary>
    protected abstract Task Run(Guid id, CancellationToken stoppingToken);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        if (await Next(stoppingToken) is not null)
            await RunAll(stoppingToken);
        await Task.Delay(pollInterval, stoppingToken);
    }

    protected override void Interrupted(Exception exception) =>
        Interrupted(logger, jobs.Kind, exception.GetBaseException().Message);

    private async Task RunAll(CancellationToken stoppingToken)
    {
        await using var connection = address.CreateUnpooled();
        await connection.OpenAsync(stoppingToken);
        if (!await AdvisoryLock.TryTake(connection, $"{jobs.Kind}s", stoppingToken))
            return;
        while (await Next(stoppingToken) is { } id)
        {
            try
            {
                await Run(id, stoppingToken);
            }
            catch (JobFailedException failure)
            {
                Failed(logger, jobs.Kind, id, failure.Message);
                await jobs.Fail(id, failure.Message, stoppingToken);
            }
            catch (JobPutOffException cause)
            {
                Interrupted(logger, jobs.Kind, cause.Message);
                await jobs.PutOff(id, cause.Message, stoppingToken);
                putOff[id] = Stopwatch.GetTimestamp();
            }
        }
    }

    private Task<Guid?> Next(CancellationToken stoppingToken)
    {
        foreach (var (id, _) in putOff.Where(job => Stopwatch.GetElapsedTime(job.Value) > PutOffPolls * pollInterval))
            putOff.Remove(id);
        return jobs.Next(putOff.Keys, stoppingToken);
    }

    [LoggerMessage(LogLevel.Warning, "A {Kind} was interrupted ({Reason}); retrying from its last progress")]
    private static partial void Interrupted(ILogger logger, string kind, string reason);

    [LoggerMessage(LogLevel.Error, "The {Kind} {Id} failed and will not be retried: {Reason}")]
    private static partial void Failed(ILogger logger, string kind, Guid id, string reason);
}

/// <summary>The job cannot be done, and retrying would not help.</summary>
internal sealed class JobFailedException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Something that the job needs is unavailable. The job is retried for as long as it takes.</summary>
internal sealed class JobPutOffException(string message, Exception? cause = null) : Exception(message, cause);
