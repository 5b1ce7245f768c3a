namespace OrderPlatform.Messaging.Storage;

/// <summary>The time to the microsecond, as PostgreSQL keeps it: an event that said more would disagree with its row.</summary>
internal sealed class DatabaseClock : TimeProvider
{
    public override DateTimeOffset GetUtcNow()
    {
        var now = base.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
