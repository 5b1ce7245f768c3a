using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.History;

using Answer = Results<Ok<EventPage>, ValidationProblem>;

/// <summary><c>GET /ops/events</c></summary>
internal static class ListEvents
{
    /// <summary>
    /// The maximum number of positions that one query reads, and that one request reads before it returns what it has found.
    /// </summary>
    private const int Stretch = 20_000;
    private const int LongestSearch = 20 * Stretch;

    /// <summary>Lists the events of this service, newest first.</summary>
    /// <remarks>
    /// For the next page, pass <c>next</c> as <c>after</c>. A page may have fewer events than the limit, or none, although there are more:
    /// one request reads at most 400,000 positions of the log.
    /// </remarks>
    /// <param name="stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Only events of this stream, such as an order's id.</param>
    /// <param name="type" example="OrderPlaced">Only events of this type, by name or wire address.</param>
    /// <param name="since" example="2026-01-31T12:00:00Z">Only events that occurred at this time or later.</param>
    /// <param name="until" example="2026-01-31T13:00:00Z">Only events that occurred before this time.</param>
    /// <param name="after">Only events before this position in the log: <c>next</c> of the previous page.</param>
    /// <param name="limit" example="50">The maximum number of events on a page, 1 to 200.</param>
    /// <response code="200">A page of events.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Answer> Handle(
        DbContext database,
        EventTypes types,
        CancellationToken cancellationToken,
        [ColumnText(100)] string? stream = null,
        [ColumnText(200)] string? type = null,
        DateTimeOffset? since = null,
        DateTimeOffset? until = null,
        long? after = null,
        [Range(1, 200)] int limit = 50)
    {
        if (type is not null && !type.Contains(':', StringComparison.Ordinal))
        {
            if (types.AddressOf(type) is not { } address)
                return OpsProblems.Invalid("type", $"This service has no such event. It has: {types.KnownNames}.");
            type = address;
        }

        var wanted = Between(database.Set<LoggedEvent>().AsNoTracking(), since?.ToUniversalTime(), until?.ToUniversalTime());
        if (type is not null)
            wanted = wanted.Where(logged => logged.Event.Type == type);
        return TypedResults.Ok(stream is null
            ? await Page(database, wanted, since, until, after, limit, cancellationToken)
            : await Page(database, wanted, stream, after, limit, cancellationToken));
    }

    private static IQueryable<LoggedEvent> Between(IQueryable<LoggedEvent> log, DateTimeOffset? since, DateTimeOffset? until)
    {
        if (since is not null)
            log = log.Where(logged => logged.Event.OccurredAt >= since);
        if (until is not null)
            log = log.Where(logged => logged.Event.OccurredAt < until);
        return log;
    }

    /// <summary>Reads the index of streams and sequences, whose order is that of positions.</summary>
    private static async Task<EventPage> Page(
        DbContext database, IQueryable<LoggedEvent> wanted, string stream, long? after, int limit, CancellationToken cancellationToken)
    {
        wanted = wanted.Where(logged => logged.Event.Stream == stream);
        if (after is not null)
        {
            var last = database.Set<LoggedEvent>().Where(logged => logged.Position == after && logged.Event.Stream == stream);
            wanted = wanted.Where(logged => logged.Event.Sequence < last.Select(l => l.Event.Sequence).FirstOrDefault());
        }

        var events = await wanted.OrderByDescending(logged => logged.Event.Sequence).Take(limit + 1).ToListAsync(cancellationToken);
        return events.Count > limit
            ? new EventPage(Items(events[..limit]), events[limit - 1].Position)
            : new EventPage(Items(events), null);
    }

    /// <summary>Reads the primary key stretch by stretch, backwards from the newest.</summary>
    private static async Task<EventPage> Page(
        DbContext database,
        IQueryable<LoggedEvent> wanted,
        DateTimeOffset? since,
        DateTimeOffset? until,
        long? after,
        int limit,
        CancellationToken cancellationToken)
    {
        var (first, last) = await LogPositions.Of(database, since, until, cancellationToken);
        if (after <= last)
            last = after.Value - 1;
        var events = new List<LoggedEvent>();
        for (var searched = 0; last >= first && searched < LongestSearch; searched += Stretch)
        {
            var (from, to) = (Math.Max(first, last - Stretch + 1), last);
            events.AddRange(await wanted.Where(logged => logged.Position >= from && logged.Position <= to)
                .OrderByDescending(logged => logged.Position)
                .Take(limit + 1 - events.Count)
                .ToListAsync(cancellationToken));
            if (events.Count > limit)
                return new EventPage(Items(events[..limit]), events[limit - 1].Position);
            last = from - 1;
        }

        return new EventPage(Items(events), last >= first ? last + 1 : null);
    }

    private static EventItem[] Items(IEnumerable<LoggedEvent> events) =>
    [
        .. events.Select(logged => new EventItem(
            logged.Position,
            logged.Event.EventId,
            logged.Event.Stream,
            logged.Event.Sequence,
            logged.Event.Type,
            logged.Event.OccurredAt,
            logged.Event.CorrelationId,
            logged.Event.CausationId,
            JsonElement.Parse(logged.Event.Body.Span))),
    ];
}

/// <summary>A page of events, newest first.</summary>
/// <param name="Items">No more than the limit.</param>
/// <param name="Next">What to pass as <c>after</c> for the next page; null on the last.</param>
internal sealed record EventPage(IReadOnlyList<EventItem> Items, long? Next);

/// <summary>An event of this service.</summary>
/// <param name="Position" example="4711">Its number in the log: ascending, with gaps.</param>
/// <param name="EventId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its id, which is the MessageId on the wire.</param>
/// <param name="Stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its stream, such as the order's id.</param>
/// <param name="Sequence" example="1">Its number in the stream, from 1.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderPlaced">Namespace and name of its contract.</param>
/// <param name="OccurredAt">When it occurred, UTC.</param>
/// <param name="CorrelationId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">The order that it belongs to.</param>
/// <param name="CausationId">The event that caused it; null when a request caused it.</param>
/// <param name="Data">The event itself; its shape depends on the type.</param>
internal sealed record EventItem(
    long Position,
    Guid EventId,
    string Stream,
    int Sequence,
    string Type,
    DateTimeOffset OccurredAt,
    Guid CorrelationId,
    Guid? CausationId,
    JsonElement Data);
