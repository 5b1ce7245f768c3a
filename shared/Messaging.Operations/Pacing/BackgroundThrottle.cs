namespace OrderPlatform.Messaging.Operations.Pacing;

/// <summary>
/// Lets work that can wait take turns with the flow of events, which goes first: after each turn it rests for so long that it works no more
/// than a share of the time. No rest is longer than ten seconds, even where a long turn makes the share larger.
/// </summary>
/// <param name="share">The share of the time, above 0; 1 is without a rest.</param>
/// <param name="clock">Measures turns and rests.</param>
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

    /// <summary>Some work that is done at once.</summary>
    internal readonly struct Turn(BackgroundThrottle throttle, long began)
    {
        /// <summary>Ends the turn, and completes when the next may begin.</summary>
        public Task Rest(CancellationToken stoppingToken) => throttle.Rest(began, stoppingToken);
    }
}
