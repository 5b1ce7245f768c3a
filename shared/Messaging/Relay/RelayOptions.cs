using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Relay;

/// <summary>How the relay reads the log, in the configuration section <c>Messaging</c>.</summary>
public sealed class RelayOptions
{
    /// <summary>The maximum number of events that the relay reads from the log at once.</summary>
    [Range(1, 10_000)]
    public int RelayBatchSize { get; init; } = 500;

    /// <summary>How often the relay looks at the log when no commit in its own process has woken it.</summary>
    public TimeSpan RelayPollInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a standby relay tries to take over.</summary>
    public TimeSpan TakeOverInterval { get; init; } = TimeSpan.FromSeconds(1);
}
