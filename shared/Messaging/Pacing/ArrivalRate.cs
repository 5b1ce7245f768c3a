namespace OrderPlatform.Messaging.Pacing;

/// <summary>
/// Tells whether work arrives so fast that it is worth batching: whether several units come while one batch is worked on. The size of
/// batches does not tell: they are large because work was gathered, and it would be gathered forever.
/// </summary>
/// <param name="threshold">The units in the time of one batch from which on it is load: others will follow at once.</param>
/// <param name="clock">Measures the time.</param>
internal sealed class ArrivalRate(int threshold, TimeProvider clock)
{
    private long ended = clock.GetTimestamp();
    private long began;

    /// <summary>As of the last batch.</summary>
    public bool IsHigh { get; private set; }

    /// <summary>Work on a batch begins; waiting and gathering are over.</summary>
    public void Begin() => began = clock.GetTimestamp();

    /// <summary>The batch is done.</summary>
    /// <param name="count">How many units had come since the batch before it was done.</param>
    public void End(int count)
    {
        var now = clock.GetTimestamp();
        IsHigh = count * (now - began) >= threshold * (now - ended);
        ended = now;
    }
}
