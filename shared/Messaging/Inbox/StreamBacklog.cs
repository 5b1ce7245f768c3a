using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>
/// All events of one stream that can be handled now: those that just arrived, and those that were deferred. They are tried in
/// the order of their sequences until no more can be handled.
/// </summary>
/// <param name="heldBack">Deferred events that are skipped this time, because they failed before.</param>
internal sealed class StreamBacklog(IReadOnlySet<Guid> heldBack)
{
    private readonly List<Entry> waiting = [];
    private readonly List<Entry> handled = [];

    /// <summary>Events that are handled now.</summary>
    public IEnumerable<EventEnvelope> Handled => handled.Select(entry => entry.Event);

    /// <summary>Events that were deferred, and are handled now.</summary>
    public IEnumerable<EventEnvelope> Resumed => handled.Where(entry => entry.Deferred).Select(entry => entry.Event);

    /// <summary>Events that arrived too early, and must be deferred.</summary>
    public IEnumerable<EventEnvelope> ToDefer => waiting.Where(entry => !entry.Deferred).Select(entry => entry.Event);

    /// <summary>Events that were deferred, and still are.</summary>
    public IEnumerable<EventEnvelope> StillDeferred => waiting.Where(entry => entry.Deferred).Select(entry => entry.Event);

    public void Add(EventEnvelope @event, bool deferred) => waiting.Add(new Entry(@event, deferred));

    /// <summary>Names the rows that the handlers of the deferred events will look up.</summary>
    /// <exception cref="DeferredEventFailedException">One of the handlers threw while naming its rows.</exception>
    public void DeferredLocks(Action<EventEnvelope> addLocks)
    {
        foreach (var entry in waiting.Where(entry => entry.Deferred && !heldBack.Contains(entry.Event.EventId)))
            entry.Try(@event => { addLocks(@event); return Outcome.Handled; });
    }

    /// <summary>Runs the handlers.</summary>
    /// <exception cref="DeferredEventFailedException">The handler of a deferred event threw.</exception>
    public void Run(Func<EventEnvelope, Outcome> handle)
    {
        waiting.Sort(static (a, b) => a.Event.Sequence.CompareTo(b.Event.Sequence));
        while (RunOnce(handle))
        {
            // One event was handled, which may unblock others.
        }
    }

    private bool RunOnce(Func<EventEnvelope, Outcome> handle)
    {
        var before = handled.Count;
        var blocked = new HashSet<string>();
        foreach (var entry in waiting.ToArray())
        {
            // A producer's events on a stream take effect in order: one that is too early holds back the later ones.
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

    private sealed record Entry(EventEnvelope Event, bool Deferred)
    {
        public Outcome Try(Func<EventEnvelope, Outcome> handle)
        {
            try
            {
                return handle(Event);
            }
            catch (Exception exception) when (Deferred)
            {
                throw new DeferredEventFailedException(Event, exception);
            }
        }
    }
}

/// <summary>A deferred event failed, possibly in a transaction that was begun for another event of its stream.</summary>
internal sealed class DeferredEventFailedException(EventEnvelope @event, Exception cause)
    : Exception($"The deferred event {@event.EventId} failed: {cause.Message}", cause)
{
    public EventEnvelope Event => @event;
}
