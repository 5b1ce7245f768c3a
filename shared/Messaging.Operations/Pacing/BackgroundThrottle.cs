namespace OrderPlatform.Messaging.Operations.Pacing;

/// <summary>
/// Limits background work to a share of the time, so that normal traffic goes first: after each turn, the work rests long enough to keep to
/// its share. No rest is longer than ten seconds, even if a long turn then exceeds the share.
/// </summary>
/// <param name="share">The share of the time, above 0; 1 means no rests.</param>
internal sealed class BackgroundThrottle(double share, TimeProvider clock)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    /// <summary>Begins a turn.</summary>
    public Turn Begin() => new(this, clock.GetTimestamp());

    private Task Rest(long began, CancellationToken stoppingToken)
    {
        var rest = clock.GetElapsedTime(began) * (1 / share - 1);
        return Task.Delay(rest < LongestRest ? rest : LongestRest, clock, stoppingToken);
    }

    /// <summary>A piece of work between two rests.</summary>
    internal readonly struct Turn(BackgroundThrottle throttle, long began)
    {
        /// <summary>Ends the turn, and completes when the next may begin.</summary>
        public Task Rest(CancellationToken stoppingToken) => throttle.Rest(began, stoppingToken);
    }
}
