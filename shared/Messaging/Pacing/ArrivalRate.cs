namespace OrderPlatform.Messaging.Pacing;

/// <summary>
/// Tells whether work comes so fast that it is worth to gather some before it is done: whether several come while one group is worked on.
/// How large groups are does not tell: they are large because they were gathered, and would be gathered forever.
/// </summary>
/// <param name="threshold">So many in the time that a group takes are load: others will follow at once.</param>
/// <param name="clock">What time it is.</param>
internal sealed class ArrivalRate(int threshold, TimeProvider clock)
{
    private long ended = clock.GetTimestamp();
    private long began;

    /// <summary>As of the last group.</summary>
    public bool IsHigh { get; private set; }

    /// <summary>Work on a group begins; waiting and gathering are over.</summary>
    public void Begin() => began = clock.GetTimestamp();

    /// <summary>It is done.</summary>
    /// <param name="count">How many had come since the group before it was done.</param>
    public void End(int count)
    {
        var now = clock.GetTimestamp();
        IsHigh = count * (now - began) >= threshold * (now - ended);
        ended = now;
    }
}
