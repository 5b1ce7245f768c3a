namespace OrderPlatform.Messaging.Inbox;

/// <summary>An event that a queue has received: its effect, or its deferral, is committed. Duplicates of it are dropped.</summary>
public sealed class InboxEntry
{
    /// <summary>The queue it came from.</summary>
    public string Queue { get; private set; } = "";

    /// <summary>The event's id.</summary>
    public Guid EventId { get; private set; }

    /// <summary>When it was received, UTC.</summary>
    public DateTimeOffset ReceivedAt { get; private set; }
}
