namespace OrderPlatform.Messaging.Pacing;

/// <summary>
/// Tells whether work arrives so fast that it is worth batching: whether several units arrive while one batch is processed. The size of
/// batches is no indication: they are large because work was gathered, so gathering would never end.
/// </summary>
/// <param name="threshold">How many units must arrive during one batch for the rate to be high: then more will follow at once.</param>
internal sealed class ArrivalRate(int threshold, TimeProvider clock)
{
    private long ended = clock.GetTimestamp();
    private long began;

    /// <summary>As of the last batch.</summary>
    public bool IsHigh { get; private set; }

    /// <summary>Work on a batch begins; waiting and gathering are over.</summary>
    public void Begin() => began = clock.GetTimestamp();

    /// <summary>The batch is done.</summary>
    /// <param name="count">How many units had arrived since the previous batch was done.</param>
    public void End(int count)
    {
        var now = clock.GetTimestamp();
        IsHigh = count * (now - began) >= threshold * (now - ended);
        ended = now;
    }
}
