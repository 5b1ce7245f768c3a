namespace OrderPlatform.LoadGenerator;

/// <summary>When orders are due: at a steady rate, whatever has become of those before.</summary>
internal sealed class Schedule(double perSecond, TimeProvider clock)
{
    /// <summary>Who was held up for longer does not make up for it: a flood is not the load that was asked for.</summary>
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

    /// <summary>Begins anew: an order is due now.</summary>
    public void Restart() => (begin, taken) = (clock.GetTimestamp(), 0);
}
