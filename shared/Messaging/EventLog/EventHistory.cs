using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>Reads what happened from the service's event log. What was archived is no longer there.</summary>
public sealed class EventHistory
{
    private readonly DbContext database;
    private readonly EventTypes types;

    internal EventHistory(DbContext database, EventTypes types) => (this.database, this.types) = (database, types);

    /// <summary>The events of a stream, the oldest first; without its first ones, if those were archived.</summary>
    public Task<List<LoggedEvent>> Of(string stream, CancellationToken cancellationToken) => database.Set<LoggedEvent>()
        .AsNoTracking()
        .Where(logged => logged.Stream == stream)
        .OrderBy(logged => logged.Sequence)
        .ToListAsync(cancellationToken);

    /// <summary>Whether the first event of a stream is there: it has happened, and was not archived.</summary>
    public Task<bool> HasBeginningOf(string stream, CancellationToken cancellationToken) => database.Set<LoggedEvent>()
        .AnyAsync(logged => logged.Stream == stream && logged.Sequence == 1, cancellationToken);

    /// <summary>Makes a new row what it was at a time: applies the events of its stream that had happened by then.</summary>
    /// <param name="row">A new row, with nothing but its key.</param>
    /// <param name="time">Events that happened at this very moment count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The row; null when nothing had happened to it yet, or when its first events were archived.</returns>
    public async Task<TStream?> AsOf<TStream>(TStream row, DateTimeOffset time, CancellationToken cancellationToken)
        where TStream : EventSourcedEntity
    {
        foreach (var logged in (await Of(row.Stream, cancellationToken)).TakeWhile(logged => logged.OccurredAt <= time))
        {
            if (logged.Sequence != row.Sequence + 1)
                return null;
            row.Advance(types.Read(logged.Type, logged.Data));
        }

        return row.Sequence > 0 ? row : null;
    }
}
