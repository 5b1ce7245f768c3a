namespace OrderPlatform.Messaging.Testing;

/// <summary>The time, and as many days more as a test wants.</summary>
public sealed class MovableClock : TimeProvider
{
    private TimeSpan ahead;

    public void Advance(TimeSpan by) => ahead += by;

    public override DateTimeOffset GetUtcNow()
    {
        var now = base.GetUtcNow() + ahead;
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
