namespace OrderPlatform.Messaging.Handlers;

/// <summary>
/// Handles one type of event, written as if each event came alone. Underneath, events that arrive together share one
/// transaction; see the README beside this file.
/// </summary>
/// <typeparam name="TEvent">The contract it consumes.</typeparam>
public interface IHandler<in TEvent>
    where TEvent : class
{
    /// <summary>
    /// Names every existing row that <see cref="Handle"/> may look for, by primary key. The group loads and locks them all
    /// in key order before the first handler runs, so handlers neither wait nor deadlock.
    /// </summary>
    static virtual void Reads(TEvent @event, RowsToLock rows)
    {
    }

    /// <summary>
    /// Applies the event. It runs inside the transaction while rows are locked, so it works on what
    /// <see cref="Reads"/> named and does no input or output of its own.
    /// </summary>
    /// <returns>
    /// <see cref="Outcome.Handled"/>; or <see cref="Outcome.Defer"/>, before anything was changed, when an earlier event
    /// of the same stream is missing.
    /// </returns>
    /// <remarks>An exception is a bug or an outage: the event is retried, then it goes to the queue's error queue.</remarks>
    Outcome Handle(TEvent @event);
}

/// <summary>What became of an event.</summary>
public enum Outcome
{
    /// <summary>It took effect, now or before; it will not be seen again.</summary>
    Handled,

    /// <summary>Its predecessor is missing: it is deferred, and tried again in the transaction that brings the predecessor.</summary>
    Defer,
}
