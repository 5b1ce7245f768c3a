namespace OrderPlatform.Messaging.Storage;

/// <summary>The time to the microsecond, as PostgreSQL stores it: with more digits, an event would differ from its row.</summary>
internal sealed class DatabaseClock : TimeProvider
{
    public override DateTimeOffset GetUtcNow()
    {
        var now = base.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
