using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>Reads past events from the service's event log. Archived events are no longer there.</summary>
public sealed class EventHistory
{
    private readonly DbContext database;
    private readonly EventTypes types;

    internal EventHistory(DbContext database, EventTypes types) => (this.database, this.types) = (database, types);

    /// <summary>The events of a stream, oldest first; without the first ones, if those were archived.</summary>
    public Task<List<LoggedEvent>> Of(string stream, CancellationToken cancellationToken) => database.Set<LoggedEvent>()
        .AsNoTracking()
        .Where(logged => logged.Event.Stream == stream)
        .OrderBy(logged => logged.Event.Sequence)
        .ToListAsync(cancellationToken);

    /// <summary>Whether the first event of a stream is in the log: false before it has happened, and after it was archived.</summary>
    public Task<bool> HasBeginningOf(string stream, CancellationToken cancellationToken) => database.Set<LoggedEvent>()
        .AnyAsync(logged => logged.Event.Stream == stream && logged.Event.Sequence == 1, cancellationToken);

    /// <summary>Rebuilds a row as of a point in time, from the events of its stream that had happened by then.</summary>
    /// <param name="row">A new row, with nothing but its key.</param>
    /// <param name="time">The point in time, inclusive.</param>
    /// <returns>The row; null when nothing had happened to it yet, or when its first events were archived.</returns>
    public async Task<TEntity?> AsOf<TEntity>(TEntity row, DateTimeOffset time, CancellationToken cancellationToken)
        where TEntity : EventSourcedEntity
    {
        foreach (var logged in (await Of(row.StreamId, cancellationToken)).TakeWhile(logged => logged.Event.OccurredAt <= time))
        {
            if (logged.Event.Sequence != row.Version + 1)
                return null;
            row.Advance(types.Read(logged.Event));
        }

        return row.Version > 0 ? row : null;
    }
}
