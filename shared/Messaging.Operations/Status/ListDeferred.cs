using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Operations.DeadLetters;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Status;

using Answer = Results<Ok<DeferredPage>, ValidationProblem>;

/// <summary><c>GET /ops/deferred</c></summary>
internal static class ListDeferred
{
    private static readonly string PageSql = EmbeddedSql.Of(typeof(ListDeferred), "Page");

    /// <summary>Lists events that wait for their predecessor, oldest first.</summary>
    /// <remarks>For the next page, pass <c>next</c> as <c>after</c>.</remarks>
    /// <param name="queue" example="inventory">Only events that this queue received.</param>
    /// <param name="stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Only events of this stream, such as an order's id.</param>
    /// <param name="after"><c>next</c> of the previous page.</param>
    /// <param name="limit" example="50">The maximum number of events on a page, 1 to 200.</param>
    /// <response code="200">A page of deferred events.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Answer> Handle(
        DbContext database,
        CancellationToken cancellationToken,
        string? queue = null,
        string? stream = null,
        string? after = null,
        [Range(1, 200)] int limit = 50)
    {
        if (new DeadLetterFilter(Queue: queue, Stream: stream).Fault is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        if (!Place.TryParse(after, out var place))
            return OpsProblems.Invalid("after", "Must be the `next` of another page.");
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var command = database.CreateCommand("");
        command.CommandText = Sql(command.Parameters, queue, stream, place, limit + 1);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<DeferredItem>();
        while (await row.ReadAsync(cancellationToken))
            events.Add(Read(row));
        return TypedResults.Ok(events.Count > limit
            ? new DeferredPage(events[..limit], Place.Of(events[limit - 1]).ToString())
            : new DeferredPage(events, null));
    }

    private static string Sql(NpgsqlParameterCollection parameters, string? queue, string? stream, Place? after, int limit)
    {
        parameters.Add(Value(limit));
        var conditions = new List<string> { "true" };
        if (queue is not null)
            conditions.Add($"queue = {Next(parameters, queue)}");
        if (stream is not null)
            conditions.Add($"stream = {Next(parameters, stream)}");
        if (after is not null)
            conditions.Add($"(event_id, queue) > ({Next(parameters, after.EventId)}, {Next(parameters, after.Queue)})");
        return PageSql.Replace("{where}", string.Join(" AND ", conditions), StringComparison.Ordinal);
    }

    private static DeferredItem Read(NpgsqlDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        row.GetInt32(2),
        row.GetGuid(3),
        row.GetString(4),
        row.GetFieldValue<DateTimeOffset>(5),
        row.GetInt32(6),
        row.GetInt32(7) is > 0 and var missing ? missing : null,
        row.GetFieldValue<Guid?>(8),
        row.GetText(9) is { } state ? DeadLetterStates.Parse(state) : null);

    /// <summary>Where a page ends.</summary>
    private sealed record Place(Guid EventId, string Queue)
    {
        public static Place Of(DeferredItem last) => new(last.EventId, last.Queue);

        public static bool TryParse(string? text, out Place? place)
        {
            place = null;
            if (text is null)
                return true;
            if (text.Split('_', 2) is not [var id, var queue] || !Guid.TryParseExact(id, "N", out var parsed)
                || new DeadLetterFilter(Queue: queue).Fault is not null)
                return false;
            place = new Place(parsed, queue);
            return true;
        }

        public override string ToString() => $"{EventId:N}_{Queue}";
    }
}

/// <summary>A page of deferred events, oldest first.</summary>
/// <param name="Items">No more than the limit.</param>
/// <param name="Next">What to pass as <c>after</c> for the next page; null on the last.</param>
internal sealed record DeferredPage(IReadOnlyList<DeferredItem> Items, string? Next);

/// <summary>An event that waits for its predecessor.</summary>
/// <param name="Queue" example="inventory">The queue that received it.</param>
/// <param name="Stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its stream, such as an order's id.</param>
/// <param name="Sequence" example="3">Its number among its producer's events on the stream.</param>
/// <param name="EventId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its id, which is the MessageId on the wire.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderCancelled">Namespace and name of its contract.</param>
/// <param name="DeferredAt">When it was deferred, UTC.</param>
/// <param name="Failures" example="0">How many times its handler has thrown since.</param>
/// <param name="Missing" example="1">
/// The sequence of the event that it waits for: that of the dead letter, or else the one before the first of its producer's events that are
/// deferred there. If the queue does not take that event, the missing one is the closest earlier event that it takes. Null when it is the
/// producer's first event, which waits for another producer.
/// </param>
/// <param name="DeadLetterId">The dead letter that it waits for; null when there is none here.</param>
/// <param name="DeadLetterState">
/// The state of that dead letter. If it is <c>resolved</c> or <c>discarded</c>, the event waits until an operator releases the followers.
/// </param>
internal sealed record DeferredItem(
    string Queue,
    string Stream,
    int Sequence,
    Guid EventId,
    string Type,
    DateTimeOffset DeferredAt,
    int Failures,
    int? Missing,
    Guid? DeadLetterId,
    DeadLetterState? DeadLetterState);
