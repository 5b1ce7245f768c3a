using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>
/// Names the streams of a service that are still open: their events stay in the log, however old they are. All others are closed: once
/// their events are old enough, they are archived.
/// </summary>
public interface IOpenStreams
{
    /// <summary>
    /// The names of the open streams, as <see cref="EventSourcedEntity.StreamId"/> gives them. The library makes it part of a statement.
    /// </summary>
    IQueryable<string> In(DbContext database);
}
