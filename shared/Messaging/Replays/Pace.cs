namespace OrderPlatform.Messaging;

/// <summary>Spreads events over time, evenly. What was late is not caught up on: it is never faster than the rate.</summary>
/// <param name="perSecond">The rate; null for none.</param>
internal sealed class Pace(int? perSecond)
{
    private const int TurnsPerSecond = 4;

    private DateTimeOffset free = DateTimeOffset.MinValue;

    /// <summary>How many to send at once, of at most so many.</summary>
    public int Turn(int most) => perSecond is { } rate ? Math.Clamp(rate / TurnsPerSecond, 1, most) : most;

    /// <summary>How long to wait before the next so many are sent.</summary>
    public TimeSpan Next(DateTimeOffset now, int count)
    {
        if (perSecond is not { } rate)
            return TimeSpan.Zero;
        var begin = free > now ? free : now;
        free = begin + TimeSpan.FromSeconds((double)count / rate);
        return begin - now;
    }
}
