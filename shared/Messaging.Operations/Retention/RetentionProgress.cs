using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Reports the progress of a run, which can take hours: to the metric of the alert at once, and to the log once a minute.
/// </summary>
internal sealed partial class RetentionProgress(RetentionMetrics metrics, ILogger<RetentionProgress> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private long said = Stopwatch.GetTimestamp();

    /// <summary>Reports that a part of the run is done.</summary>
    /// <param name="partition">The partition that will be dropped.</param>
    /// <param name="done">What has been done so far, such as <c>2000 events archived</c>.</param>
    public void Made(string partition, FormattableString done)
    {
        metrics.Progressed();
        if (Stopwatch.GetElapsedTime(said) < Pause)
            return;
        said = Stopwatch.GetTimestamp();
        InProgress(logger, partition, FormattableString.Invariant(done));
    }

    [LoggerMessage(LogLevel.Information, "Retention of {Partition} in progress: {Done}")]
    private static partial void InProgress(ILogger logger, string partition, string done);
}
