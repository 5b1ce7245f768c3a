namespace OrderPlatform.Messaging.EventLog;

/// <summary>
/// An entity whose history is a stream of the event log. Its constructor takes its key, or the event that it begins with; after that it
/// changes only by applying events, including those that <see cref="Batching.UnitOfWork.Append"/> writes, so row, log and message cannot
/// disagree.
/// </summary>
public abstract class EventSourcedEntity
{
    /// <summary>The sequence of the stream's latest event in this service's log; 0 before the first.</summary>
    public int Version { get; private set; }

    /// <summary>The name of the stream, such as the order's id; at most 100 characters.</summary>
    protected internal abstract string StreamId { get; }

    /// <summary>The id that relates the stream's events to others, such as the order's; null where each event stands alone.</summary>
    protected internal virtual Guid? CorrelationId => null;

    /// <summary>Changes the row as the event says. The decision is already made, so it neither refuses nor looks anything up.</summary>
    /// <exception cref="ArgumentException">Events of this type do not belong to the entity.</exception>
    protected abstract void Apply(object @event);

    internal void Change(object @event) => Apply(@event);

    internal int Advance(object @event)
    {
        Apply(@event);
        return ++Version;
    }
}
