namespace OrderPlatform.Messaging.EventLog;

/// <summary>How far the relay has published the log: everything up to a position, except the gaps.</summary>
public sealed class RelayCursor
{
    /// <summary>Always 1: a log has one cursor.</summary>
    public int Id { get; private set; }

    /// <summary>The highest position that is published.</summary>
    public long Position { get; private set; }

    /// <summary>Positions below it whose transactions may still commit.</summary>
    public long[] Gaps { get; private set; } = [];
}
