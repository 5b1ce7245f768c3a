namespace OrderPlatform.LoadGenerator;

/// <summary>When orders are due: at a steady rate, regardless of earlier ones.</summary>
internal sealed class Schedule(double perSecond, TimeProvider clock)
{
    /// <summary>A longer delay is not made up for: a flood is not the requested load.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    /// <summary>Timers are no finer.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private long begin = clock.GetTimestamp();
    private long taken;

    /// <summary>How long until the next order is due; zero if it is.</summary>
    public TimeSpan UntilNext()
    {
        var wait = TimeSpan.FromSeconds(taken / perSecond) - clock.GetElapsedTime(begin);
        if (wait < -LongestDelay)
            Restart();
        return wait >= Tick ? wait : TimeSpan.Zero;
    }

    /// <summary>The next order is on its way.</summary>
    public void Take() => taken++;

    /// <summary>Starts again: an order is due now.</summary>
    public void Restart() => (begin, taken) = (clock.GetTimestamp(), 0);
}
