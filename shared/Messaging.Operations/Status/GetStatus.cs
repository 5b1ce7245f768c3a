using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.DeadLetters;
using OrderPlatform.Messaging.Relay;
using OrderPlatform.Messaging.Sampling;

namespace OrderPlatform.Messaging.Operations.Status;

/// <summary><c>GET /ops/status</c></summary>
internal static class GetStatus
{
    /// <summary>Shows what waits here: events to be published, deferred events, dead letters; and the partitions of the tables.</summary>
    /// <response code="200">As of now. <c>relay</c> is that of the instance which answers; all else is of the whole service.</response>
    public static async Task<Ok<OpsStatus>> Handle(DbContext database, MessagingTopology map, EventRelay relay, CancellationToken cancellationToken)
    {
        var backlog = await Backlog.Read(database, [.. map.Types.Published], cancellationToken);
        return TypedResults.Ok(new OpsStatus(
            map.Service,
            new OutboxStatus(backlog.Pending, backlog.OldestAgeSeconds),
            new RelayStatus(relay.IsActive, relay.State),
            backlog.Deferred,
            await DeadLetters(database, cancellationToken),
            await Partitions(database, cancellationToken)));
    }

    /// <summary>Also of queues that the service has no more: somebody still has to see to them.</summary>
    private static async Task<DeadLetterStatus[]> DeadLetters(DbContext database, CancellationToken cancellationToken)
    {
        var queues = await DeadLetterCounts.Queues(database, cancellationToken);
        return
        [
            .. from count in await DeadLetterCounts.Read(database, [.. queues.Order(StringComparer.Ordinal)], cancellationToken)
               where count.Count > 0
               select new DeadLetterStatus(count.Queue, count.State.ToColumn(), count.Count),
        ];
    }

    private static Task<PartitionStatus[]> Partitions(DbContext database, CancellationToken cancellationToken) => database.Database
        .SqlQuery<PartitionStatus>(
            $"""
            SELECT parent AS "table", name, since, until
            FROM unnest(ARRAY['event_log', 'inbox']) WITH ORDINALITY AS tables (parent, number), messaging.partitions(parent)
            ORDER BY number, until NULLS LAST
            """)
        .ToArrayAsync(cancellationToken);
}

/// <summary>What waits in a service.</summary>
/// <param name="Service" example="orders">Its name.</param>
/// <param name="Outbox">Events that are still to be published.</param>
/// <param name="Relay">What publishes them.</param>
/// <param name="Deferred">Events that wait for their predecessor, by queue.</param>
/// <param name="DeadLetters">How many there are, by queue and state, also of queues that the service does not have any more.</param>
/// <param name="Partitions">Of event log and inbox, the oldest first.</param>
internal sealed record OpsStatus(
    string Service,
    OutboxStatus Outbox,
    RelayStatus Relay,
    IReadOnlyList<DeferredBacklog> Deferred,
    IReadOnlyList<DeadLetterStatus> DeadLetters,
    IReadOnlyList<PartitionStatus> Partitions);

/// <summary>Events that are still to be published.</summary>
/// <param name="Pending">How many; exact up to 10,000, beyond that an estimate.</param>
/// <param name="OldestAgeSeconds">How long ago the oldest of them occurred; 0 when there is none.</param>
internal sealed record OutboxStatus(long Pending, double OldestAgeSeconds);

/// <summary>The relay of one instance.</summary>
/// <param name="Active">Whether it publishes; of a service's instances, one does.</param>
/// <param name="State" example="stands by">What it does or waits for, in words.</param>
internal sealed record RelayStatus(bool Active, string State);

/// <summary>Dead letters that have a queue and a state in common.</summary>
/// <param name="Queue" example="inventory">The queue that could not handle them.</param>
/// <param name="State" example="waiting"><c>waiting</c>, <c>scheduled</c>, <c>redriven</c>, <c>resolved</c> or <c>discarded</c>.</param>
/// <param name="Count">How many; exact up to 100,000, and more are not counted.</param>
internal sealed record DeadLetterStatus(string Queue, string State, long Count);

/// <summary>A partition of a table.</summary>
/// <param name="Table" example="event_log">The table.</param>
/// <param name="Name" example="event_log_20260126"><c>…_past</c>: older than all others; <c>…_default</c>: what has none.</param>
/// <param name="Since">It holds what happened then or later; null when nothing bounds it.</param>
/// <param name="Until">It holds what happened before; null when nothing bounds it.</param>
internal sealed record PartitionStatus(string Table, string Name, DateTimeOffset? Since, DateTimeOffset? Until);
