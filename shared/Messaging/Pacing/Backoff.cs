namespace OrderPlatform.Messaging.Pacing;

/// <summary>Waits longer each time, from 100 ms up to two seconds, with jitter, so that instances do not retry in step.</summary>
/// <param name="clock">Measures the waits; null for the system's clock.</param>
public sealed class Backoff(TimeProvider? clock = null)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly TimeProvider clock = clock ?? TimeProvider.System;

    private TimeSpan next = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits, longer each time.</summary>
    public Task Wait(CancellationToken cancellationToken)
    {
        var delay = next * (0.5 + Random.Shared.NextDouble() / 2);
        next = next * 2 < Longest ? next * 2 : Longest;
        return Task.Delay(delay, clock, cancellationToken);
    }
}
