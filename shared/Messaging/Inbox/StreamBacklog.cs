namespace OrderPlatform.Messaging;

/// <summary>
/// All events of one stream that can be handled now: those that just arrived, and those that were parked. They are tried in
/// the order of their sequences until none of them gets any further.
/// </summary>
internal sealed class StreamBacklog
{
    private readonly List<Entry> waiting = [];
    private readonly List<IncomingEvent> resumed = [];

    public IEnumerable<IncomingEvent> Waiting => waiting.Select(entry => entry.Event);

    /// <summary>Arrived, but too early: to be parked.</summary>
    public IEnumerable<IncomingEvent> ToPark => waiting.Where(entry => !entry.Parked).Select(entry => entry.Event);

    /// <summary>Were parked, and are handled now.</summary>
    public IReadOnlyList<IncomingEvent> Resumed => resumed;

    public void Add(IncomingEvent @event, bool parked) => waiting.Add(new Entry(@event, parked));

    /// <param name="handle">Runs the handler of one event.</param>
    /// <param name="heldBack">Parked events that are left alone, because their handlers threw.</param>
    /// <exception cref="ParkedEventFailedException">The handler of a parked event threw.</exception>
    public void Run(Func<IncomingEvent, Outcome> handle, IReadOnlySet<Guid> heldBack)
    {
        waiting.Sort(static (a, b) => a.Event.Sequence.CompareTo(b.Event.Sequence));
        var blocked = new HashSet<string>();
        for (var progress = true; progress;)
        {
            progress = false;
            blocked.Clear();
            foreach (var entry in waiting.ToArray())
            {
                // What a producer says of a stream is heard in its order: one event too early holds back the later ones.
                if (blocked.Contains(entry.Event.Producer))
                    continue;
                if (!heldBack.Contains(entry.Event.EventId) && Try(entry, handle) == Outcome.Handled)
                {
                    progress = true;
                    waiting.Remove(entry);
                    if (entry.Parked)
                        resumed.Add(entry.Event);
                }
                else
                {
                    blocked.Add(entry.Event.Producer);
                }
            }
        }
    }

    private static Outcome Try(Entry entry, Func<IncomingEvent, Outcome> handle)
    {
        try
        {
            return handle(entry.Event);
        }
        catch (Exception exception) when (entry.Parked)
        {
            throw new ParkedEventFailedException(entry.Event, exception);
        }
    }

    private sealed record Entry(IncomingEvent Event, bool Parked);
}

/// <summary>The handler of a parked event threw, in a transaction that was begun for another event of its stream.</summary>
internal sealed class ParkedEventFailedException(IncomingEvent @event, Exception cause)
    : Exception($"The parked event {@event.EventId} failed: {cause.Message}", cause)
{
    public IncomingEvent Event => @event;
}
