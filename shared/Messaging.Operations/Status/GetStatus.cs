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
    /// <summary>
    /// Shows this service's backlog: events to be published, deferred events and dead letters; and the partitions of its tables.
    /// </summary>
    /// <response code="200">
    /// The present state. <c>relay</c> is that of the instance that answers; everything else is that of the whole service.
    /// </response>
    public static async Task<Ok<OpsStatus>> Handle(
        DbContext database, MessagingTopology topology, EventRelay relay, CancellationToken cancellationToken)
    {
        var backlog = await Backlog.Read(database, [.. topology.Types.Published], cancellationToken);
        return TypedResults.Ok(new OpsStatus(
            topology.Service,
            new OutboxStatus(backlog.Pending, backlog.OldestAgeSeconds),
            new RelayStatus(relay.IsActive, relay.State),
            backlog.Deferred,
            await DeadLetters(database, cancellationToken),
            await Partitions(database, cancellationToken)));
    }

    /// <summary>Includes queues that the service no longer has: their dead letters still need an operator.</summary>
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

/// <summary>The backlog of a service.</summary>
/// <param name="Service" example="orders">Its queues' names begin with it.</param>
/// <param name="Outbox">Events that are still to be published.</param>
/// <param name="Relay">The relay, which publishes them.</param>
/// <param name="Deferred">Events that wait for their predecessor, by queue.</param>
/// <param name="DeadLetters">Counts by queue and state, including queues that the service no longer has.</param>
/// <param name="Partitions">The partitions of event log and inbox, oldest first.</param>
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
/// <param name="Active">Whether it publishes; one instance of a service does.</param>
/// <param name="State" example="standing by">What the relay is doing or waiting for, in words.</param>
internal sealed record RelayStatus(bool Active, string State);

/// <summary>The dead letters of one queue in one state.</summary>
/// <param name="Queue" example="inventory">The queue that could not handle them.</param>
/// <param name="State" example="waiting"><c>waiting</c>, <c>scheduled</c>, <c>redriven</c>, <c>resolved</c> or <c>discarded</c>.</param>
/// <param name="Count">How many; at most 100,000 are counted.</param>
internal sealed record DeadLetterStatus(string Queue, string State, long Count);

/// <summary>A partition of a table.</summary>
/// <param name="Table" example="event_log"><c>event_log</c> or <c>inbox</c>.</param>
/// <param name="Name" example="event_log_20260126"><c>…_past</c>: rows older than all others; <c>…_default</c>: rows without one.</param>
/// <param name="Since">It holds events that occurred at this time or later; null for no bound.</param>
/// <param name="Until">It holds events that occurred before this time; null for no bound.</param>
internal sealed record PartitionStatus(string Table, string Name, DateTimeOffset? Since, DateTimeOffset? Until);
