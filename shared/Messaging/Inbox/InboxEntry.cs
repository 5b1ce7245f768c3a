namespace OrderPlatform.Messaging.Inbox;

/// <summary>An event that a queue's handlers took over, once and for all.</summary>
public sealed class InboxEntry
{
    /// <summary>The queue it came from.</summary>
    public string Queue { get; private set; } = "";

    /// <summary>The event's id.</summary>
    public Guid EventId { get; private set; }

    /// <summary>When it was taken over, UTC.</summary>
    public DateTimeOffset ReceivedAt { get; private set; }
}
