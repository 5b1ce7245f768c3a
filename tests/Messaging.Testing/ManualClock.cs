using System.Collections.Concurrent;

namespace OrderPlatform.Messaging.Testing;

/// <summary>A clock that a test sets. A timer fires at once, and its due time is recorded.</summary>
internal sealed class ManualClock : TimeProvider
{
    public long Milliseconds { get; set; }

    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Milliseconds;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
