using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.Status;

/// <summary><c>GET /ops/timelines/{stream}</c></summary>
internal static class GetTimeline
{
    /// <summary>The maximum number of events that are shown of each kind; a longer stream is not an order.</summary>
    private const int Longest = 500;

    /// <summary>
    /// Shows what this service knows about a stream: its own events, and events of others that are deferred or have failed here.
    /// </summary>
    /// <remarks>All services together show an order's whole life. The peers' pages may call this from a browser.</remarks>
    /// <param name="stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Such as an order's id.</param>
    /// <response code="200">The first 500 of each kind, in sequence; empty where nothing is known.</response>
    public static async Task<Ok<Timeline>> Handle(
        [ColumnText(100)] string stream, DbContext database, MessagingTopology topology, CancellationToken cancellationToken)
    {
        var events = await database.Set<LoggedEvent>()
            .Where(logged => logged.Event.Stream == stream)
            .OrderBy(logged => logged.Event.Sequence)
            .Take(Longest)
            .Select(logged => new TimelineEvent(logged.Event.EventId, logged.Event.Type, logged.Event.Sequence, logged.Event.OccurredAt, logged.Event.CausationId))
            .ToListAsync(cancellationToken);
        var queues = topology.Queues.Keys.ToArray();
        var deferred = await database.Set<DeferredEvent>().AsNoTracking()
            .Where(waiting => queues.Contains(waiting.Queue) && waiting.Event.Stream == stream)
            .OrderBy(waiting => waiting.Event.Sequence)
            .Take(Longest)
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(new Timeline(
            topology.Service,
            events,
            [
                .. deferred.Select(waiting => new TimelineDeferred(
                    waiting.Event.EventId, waiting.Queue, waiting.Event.Type, waiting.Event.Sequence, waiting.DeferredAt, EventTypes.ProducerOf(waiting.Event.Type))),
            ],
            await DeadLetters(stream, database, cancellationToken)));
    }

    private static Task<TimelineDeadLetter[]> DeadLetters(string stream, DbContext database, CancellationToken cancellationToken) =>
        database.Database.SqlQuery<TimelineDeadLetter>(
            $"""
            SELECT id, message_id, queue, type, sequence, state, last_failed_at FROM messaging.dead_letters
            WHERE stream = {stream} ORDER BY last_failed_at LIMIT {Longest}
            """).ToArrayAsync(cancellationToken);
}

/// <summary>What a service knows about a stream.</summary>
/// <param name="Service" example="orders">The service that answers.</param>
/// <param name="Events">Its own events, in sequence.</param>
/// <param name="Deferred">Events that wait here for their predecessor.</param>
/// <param name="DeadLetters">Events that failed here, in any state.</param>
internal sealed record Timeline(
    string Service,
    IReadOnlyList<TimelineEvent> Events,
    IReadOnlyList<TimelineDeferred> Deferred,
    IReadOnlyList<TimelineDeadLetter> DeadLetters);

/// <summary>An event of this service.</summary>
/// <param name="EventId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its id, which is the MessageId on the wire.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderPlaced">Namespace and name of its contract.</param>
/// <param name="Sequence" example="1">Its number in the stream.</param>
/// <param name="OccurredAt">When it occurred, UTC.</param>
/// <param name="CausationId">The event that caused it, maybe another service's; null when a request caused it.</param>
internal sealed record TimelineEvent(Guid EventId, string Type, int Sequence, DateTimeOffset OccurredAt, Guid? CausationId);

/// <summary>An event that waits here for its predecessor.</summary>
/// <param name="EventId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its id, which is the MessageId on the wire.</param>
/// <param name="Queue" example="inventory">The queue that received it.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderCancelled">Namespace and name of its contract.</param>
/// <param name="Sequence" example="2">Its number among its producer's events on the stream.</param>
/// <param name="DeferredAt">When it was deferred, UTC.</param>
/// <param name="Producer" example="OrderPlatform.Contracts.Orders">Its producer: the namespace of its type.</param>
internal sealed record TimelineDeferred(Guid EventId, string Queue, string Type, int Sequence, DateTimeOffset DeferredAt, string Producer);

/// <summary>An event that failed here.</summary>
/// <param name="Id">The id of the dead letter.</param>
/// <param name="MessageId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Usually the event's id; null when the message has no id.</param>
/// <param name="Queue" example="inventory">The queue that could not handle it.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderPlaced">Namespace and name of its contract.</param>
/// <param name="Sequence" example="1">Its number among its producer's events on the stream.</param>
/// <param name="State" example="waiting"><c>waiting</c>, <c>scheduled</c>, <c>redriven</c>, <c>resolved</c> or <c>discarded</c>.</param>
/// <param name="LastFailedAt">When it last failed, UTC.</param>
internal sealed record TimelineDeadLetter(
    Guid Id, string? MessageId, string Queue, string? Type, int? Sequence, string State, DateTimeOffset LastFailedAt);
