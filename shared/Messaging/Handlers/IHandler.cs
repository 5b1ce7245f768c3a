namespace OrderPlatform.Messaging.Handlers;

/// <summary>
/// Handles one type of event, written as if each event came alone. Underneath, events that arrive together share one transaction; see the
/// README of this project.
/// </summary>
/// <typeparam name="TEvent">The contract it consumes.</typeparam>
public interface IHandler<in TEvent>
    where TEvent : class
{
    /// <summary>
    /// Names every row that <see cref="Handle"/> may look up, by primary key, whether or not it exists. The batch loads and locks them
    /// all in key order before the first handler runs, so handlers neither wait nor deadlock.
    /// </summary>
    static virtual void Locks(TEvent @event, RowsToLock rows)
    {
    }

    /// <summary>
    /// Applies the event. It runs inside the transaction while rows are locked, so it works on the rows that <see cref="Locks"/> named and
    /// does no I/O of its own.
    /// </summary>
    /// <returns>
    /// <see cref="Outcome.Handled"/>; or <see cref="Outcome.Defer"/>, before anything was changed, when the event depends on another one
    /// that has not arrived yet.
    /// </returns>
    /// <remarks>An exception is a bug or an outage: the event is retried, then it becomes a dead letter.</remarks>
    Outcome Handle(TEvent @event);
}

/// <summary>The result of handling an event.</summary>
public enum Outcome
{
    /// <summary>The event took effect, now or earlier; it will not be handled again.</summary>
    Handled,

    /// <summary>The event's predecessor is missing: it is kept, and retried in the transaction that handles the predecessor.</summary>
    Defer,
}
