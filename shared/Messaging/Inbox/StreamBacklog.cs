namespace OrderPlatform.Messaging;

/// <summary>
/// All events of one stream that can be handled now: those that just arrived, and those that were parked. They are tried in
/// the order of their sequences until none of them gets any further.
/// </summary>
/// <param name="heldBack">Parked events that are left alone this time, because they failed before.</param>
internal sealed class StreamBacklog(IReadOnlySet<Guid> heldBack)
{
    private readonly List<Entry> waiting = [];
    private readonly List<Entry> handled = [];

    /// <summary>Handled now.</summary>
    public IEnumerable<IncomingEvent> Handled => handled.Select(entry => entry.Event);

    /// <summary>Were parked, and are handled now.</summary>
    public IEnumerable<IncomingEvent> Resumed => handled.Where(entry => entry.Parked).Select(entry => entry.Event);

    /// <summary>Arrived, but too early: to be parked.</summary>
    public IEnumerable<IncomingEvent> ToPark => waiting.Where(entry => !entry.Parked).Select(entry => entry.Event);

    /// <summary>Were parked, and still are.</summary>
    public IEnumerable<IncomingEvent> StillParked => waiting.Where(entry => entry.Parked).Select(entry => entry.Event);

    public void Add(IncomingEvent @event, bool parked) => waiting.Add(new Entry(@event, parked));

    /// <summary>Names what the handlers of the parked events will read.</summary>
    /// <exception cref="ParkedEventFailedException">One of them can not say.</exception>
    public void ParkedReads(Action<IncomingEvent> reads)
    {
        foreach (var entry in waiting.Where(entry => entry.Parked && !heldBack.Contains(entry.Event.EventId)))
            entry.Try(@event => { reads(@event); return Outcome.Handled; });
    }

    /// <summary>Runs the handlers.</summary>
    /// <exception cref="ParkedEventFailedException">The handler of a parked event threw.</exception>
    public void Run(Func<IncomingEvent, Outcome> handle)
    {
        waiting.Sort(static (a, b) => a.Event.Sequence.CompareTo(b.Event.Sequence));
        while (RunOnce(handle))
        {
            // Somebody got further, so others may, too.
        }
    }

    private bool RunOnce(Func<IncomingEvent, Outcome> handle)
    {
        var before = handled.Count;
        var blocked = new HashSet<string>();
        foreach (var entry in waiting.ToArray())
        {
            // What a producer says of a stream is heard in its order: one event too early holds back the later ones.
            if (blocked.Contains(entry.Event.Producer))
                continue;
            if (!heldBack.Contains(entry.Event.EventId) && entry.Try(handle) == Outcome.Handled)
            {
                waiting.Remove(entry);
                handled.Add(entry);
            }
            else
            {
                blocked.Add(entry.Event.Producer);
            }
        }

        return handled.Count > before && waiting.Count > 0;
    }

    private sealed record Entry(IncomingEvent Event, bool Parked)
    {
        public Outcome Try(Func<IncomingEvent, Outcome> handle)
        {
            try
            {
                return handle(Event);
            }
            catch (Exception exception) when (Parked)
            {
                throw new ParkedEventFailedException(Event, exception);
            }
        }
    }
}

/// <summary>A parked event failed, in a transaction that was begun for another event of its stream.</summary>
internal sealed class ParkedEventFailedException(IncomingEvent @event, Exception cause)
    : Exception($"The parked event {@event.EventId} failed: {cause.Message}", cause)
{
    public IncomingEvent Event => @event;
}
