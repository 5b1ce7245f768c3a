using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Says that a run gets on, which takes hours where there is much to archive: to the alert at once, and to the log once a minute.
/// </summary>
internal sealed partial class RetentionProgress(RetentionMetrics metrics, ILogger<RetentionProgress> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private long said = Stopwatch.GetTimestamp();

    /// <summary>A part of it is done.</summary>
    /// <param name="partition">What is to end.</param>
    /// <param name="done">What was done to how much of it so far, such as <c>2000 events archived</c>.</param>
    public void Made(string partition, FormattableString done)
    {
        metrics.Progressed();
        if (Stopwatch.GetElapsedTime(said) < Pause)
            return;
        said = Stopwatch.GetTimestamp();
        GoesOn(logger, partition, FormattableString.Invariant(done));
    }

    [LoggerMessage(LogLevel.Information, "{Partition} is being ended: {Done}")]
    private static partial void GoesOn(ILogger logger, string partition, string done);
}
