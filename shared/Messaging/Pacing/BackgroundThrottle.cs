namespace OrderPlatform.Messaging.Pacing;

/// <summary>
/// How work that can wait takes turns with the flow of events, which goes before it: after each turn it rests for so long that it works no
/// more than <see cref="MessagingOptions.BackgroundShare"/> of the time. But no rest is longer than ten seconds, also where a long turn
/// makes the share larger then.
/// </summary>
internal sealed class BackgroundThrottle(MessagingOptions options, TimeProvider clock)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    /// <summary>A turn begins.</summary>
    public Turn Begin() => new(this, clock.GetTimestamp());

    private Task Rest(long began, CancellationToken stoppingToken)
    {
        var rest = clock.GetElapsedTime(began) * (1 / options.BackgroundShare - 1);
        return Task.Delay(rest < LongestRest ? rest : LongestRest, clock, stoppingToken);
    }

    /// <summary>Some work that is done at once.</summary>
    internal readonly struct Turn(BackgroundThrottle cycle, long began)
    {
        /// <summary>It is over.</summary>
        public Task Rest(CancellationToken stoppingToken) => cycle.Rest(began, stoppingToken);
    }
}
