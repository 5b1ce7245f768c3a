namespace OrderPlatform.Messaging.Operations.Pacing;

/// <summary>Spreads events evenly over time. It is never faster than the rate, not even to catch up.</summary>
internal sealed class RateLimiter
{
    private const int BatchesPerSecond = 4;

    private DateTimeOffset free = DateTimeOffset.MinValue;

    /// <summary>The maximum number of events a second, from now on; null for no limit.</summary>
    public int? PerSecond { get; set; }

    /// <summary>How many events to send at once, up to a maximum.</summary>
    public int BatchSize(int most) => PerSecond is { } rate ? Math.Clamp(rate / BatchesPerSecond, 1, most) : most;

    /// <summary>How long to wait before the next <paramref name="count"/> events are sent.</summary>
    public TimeSpan Next(DateTimeOffset now, int count)
    {
        if (PerSecond is not { } rate)
            return TimeSpan.Zero;
        var begin = free > now ? free : now;
        free = begin + TimeSpan.FromSeconds((double)count / rate);
        return begin - now;
    }
}
