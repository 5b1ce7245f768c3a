namespace OrderPlatform.Orders.Storage;

/// <summary>The time to the microsecond, as PostgreSQL keeps it: an event that said more would disagree with its row.</summary>
public sealed class DatabaseClock : TimeProvider
{
    public override DateTimeOffset GetUtcNow()
    {
        var now = base.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
