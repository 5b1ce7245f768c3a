using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>How replays, rebuilds and archiving share the machine, in the configuration section <c>Messaging</c>.</summary>
public sealed class JobOptions
{
    /// <summary>How often an instance looks for replays and rebuilds that are to run.</summary>
    public TimeSpan JobPollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The share of the time that a rebuild works, and retention archives, so that orders flow meanwhile: 0.01 to 1, which is without a
    /// rest.
    /// </summary>
    [Range(0.01, 1)]
    public double BackgroundShare { get; init; } = 0.05;
}
