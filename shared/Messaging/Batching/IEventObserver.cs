using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Is notified of every event once, after its commit, in the process that committed it: the place to update a service's own metrics. A
/// handler that did so itself would count each retry.
/// </summary>
public interface IEventObserver
{
    /// <summary>Many units wait for this to return: do nothing here but count.</summary>
    /// <param name="row">The row, as it is after the commit.</param>
    /// <param name="event">The event that was appended to its stream, or applied to it by <see cref="UnitOfWork.Apply"/>.</param>
    void Happened(EventSourcedEntity row, object @event);
}

/// <summary>All of a service's observers.</summary>
internal sealed partial class EventObservers(IEnumerable<IEventObserver> observers, ILogger<EventObservers> logger) : ICommitObserver
{
    private readonly IEventObserver[] observers = [.. observers];

    public void Committed(UnitOfWork unit)
    {
        foreach (var observer in observers)
        {
            try
            {
                foreach (var (row, @event) in unit.Changes)
                    observer.Happened(row, @event);
            }
            catch (Exception exception)
            {
                // A committed unit must not appear to have failed.
                Failed(logger, exception, observer.GetType().Name);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "{Observer} failed; the metrics lack the events that it should have counted")]
    private static partial void Failed(ILogger logger, Exception exception, string observer);
}
