namespace OrderPlatform.Messaging.Pacing;

/// <summary>Waits longer each time, from 100 ms up to two seconds, with jitter, so that instances do not retry in step.</summary>
public sealed class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private TimeSpan next = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits, longer each time.</summary>
    public Task Wait(CancellationToken cancellationToken)
    {
        var delay = next * (0.5 + Random.Shared.NextDouble() / 2);
        next = next * 2 < Longest ? next * 2 : Longest;
        return Task.Delay(delay, cancellationToken);
    }
}
