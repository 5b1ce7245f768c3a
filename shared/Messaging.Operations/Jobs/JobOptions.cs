using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>How replays, rebuilds and archiving share the machine, in the configuration section <c>Messaging</c>.</summary>
public sealed class JobOptions
{
    /// <summary>How often an instance looks for replays and rebuilds to run.</summary>
    public TimeSpan JobPollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The share of the time for which rebuilds and retention may work, so that normal traffic continues: 0.01 to 1; 1 means no
    /// pauses.
    /// </summary>
    [Range(0.01, 1)]
    public double BackgroundShare { get; init; } = 0.05;
}
