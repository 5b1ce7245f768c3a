using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging.Metrics;

/// <summary>
/// Hears of every event after the commit that made it true, once, in the process that committed: what a service's own metrics count. A
/// handler that counted by itself would count again what is tried again.
/// </summary>
public interface IEventObserver
{
    /// <summary>Many units wait meanwhile: it counts, and does nothing else.</summary>
    /// <param name="row">As it is after the commit.</param>
    /// <param name="event">What was appended to its stream, or what <see cref="UnitOfWork.Tell"/> named.</param>
    void Happened(EventSourcedEntity row, object @event);
}

/// <summary>All of a service's observers.</summary>
internal sealed partial class EventObservers(IEnumerable<IEventObserver> observers, ILogger<EventObservers> logger)
{
    private readonly IEventObserver[] observers = [.. observers];

    public void Committed(IReadOnlyList<(EventSourcedEntity Row, object Event)> changes)
    {
        foreach (var observer in observers)
        {
            try
            {
                foreach (var (row, @event) in changes)
                    observer.Happened(row, @event);
            }
            catch (Exception exception)
            {
                // What is committed must not seem to have failed.
                Failed(logger, exception, observer.GetType().Name);
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "{Observer} threw; what it should have counted is missing from the metrics")]
    private static partial void Failed(ILogger logger, Exception exception, string observer);
}
