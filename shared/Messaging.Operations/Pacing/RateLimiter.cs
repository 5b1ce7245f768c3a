namespace OrderPlatform.Messaging.Operations.Pacing;

/// <summary>Spreads events over time, evenly. What was late is not caught up on: it is never faster than the rate.</summary>
internal sealed class RateLimiter
{
    private const int BatchesPerSecond = 4;

    private DateTimeOffset free = DateTimeOffset.MinValue;

    /// <summary>The most events in a second, from now on; null for as many as there are.</summary>
    public int? PerSecond { get; set; }

    /// <summary>How many to send at once, of at most so many.</summary>
    public int BatchSize(int most) => PerSecond is { } rate ? Math.Clamp(rate / BatchesPerSecond, 1, most) : most;

    /// <summary>How long to wait before the next so many are sent.</summary>
    public TimeSpan Next(DateTimeOffset now, int count)
    {
        if (PerSecond is not { } rate)
            return TimeSpan.Zero;
        var begin = free > now ? free : now;
        free = begin + TimeSpan.FromSeconds((double)count / rate);
        return begin - now;
    }
}
