using System.Collections.Frozen;
using System.Data;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace OrderPlatform.Messaging.Batching;

/// <summary>Runs units of work in one transaction on one DbContext: all commit, or none.</summary>
internal sealed class BatchTransaction(
    IServiceScopeFactory scopes, MessagingTopology map, Signal relay, IEnumerable<ICommitObserver> observers, MessagingMetrics metrics)
{
    /// <summary>Commits the work of requests.</summary>
    public async Task Run(IReadOnlyList<RequestUnit> requests, CancellationToken cancellationToken)
    {
        using var commit = MessagingTelemetry.StartCommit(map.Service, requests.Select(request => request.Activity?.Id));
        await InTransaction(
            async (_, _, unit) =>
            {
                var reads = new RowsToLock();
                foreach (var request in requests)
                    request.Reads(reads);
                await unit.Load(reads, cancellationToken);
                foreach (var request in requests)
                {
                    Activity.Current = request.Activity;
                    request.Execute(unit);
                }

                Activity.Current = commit;
                return null;
            },
            cancellationToken);
    }

    /// <summary>Commits what handlers make of messages, with their inbox entries.</summary>
    /// <param name="queue">The queue they came from.</param>
    /// <param name="messages">At least one; duplicates among them have no effect.</param>
    /// <param name="failed">Deferred events that are left alone this time, and whose failure is counted.</param>
    /// <param name="cancellationToken">Ends the transaction without a commit.</param>
    public async Task Run(
        string queue, IReadOnlyList<EventEnvelope> messages, IReadOnlySet<Guid> failed, CancellationToken cancellationToken)
    {
        using var commit = MessagingTelemetry.StartCommit(queue, messages.Select(message => message.TraceParent));
        var arrivals = await InTransaction(
            async (scope, database, unit) =>
            {
                var received = await Receive(queue, messages, failed, database, unit, cancellationToken);
                await Handle(queue, received, scope, unit, cancellationToken);
                return new InboxChanges(queue, received, failed);
            },
            cancellationToken);
        metrics.Committed(queue, messages.Count, arrivals!);
    }

    /// <summary>Tries the deferred events of one stream once more.</summary>
    /// <exception cref="DeferredEventFailedException">One of them failed.</exception>
    public Task Resume(string queue, string stream, CancellationToken cancellationToken) => Resume(queue, stream, (_, _) => { }, cancellationToken);

    /// <summary>Tries the deferred events of one stream once more, and writes something about those that still come too early.</summary>
    /// <exception cref="DeferredEventFailedException">One of them failed.</exception>
    public async Task Resume(
        string queue, string stream, Action<NpgsqlBatch, IReadOnlyList<EventEnvelope>> write, CancellationToken cancellationToken)
    {
        var arrivals = await InTransaction(
            async (scope, database, unit) =>
            {
                var deferred = await InboxStore.Resume(database, queue, stream, cancellationToken);
                await Handle(queue, deferred, scope, unit, cancellationToken);
                return new InboxChanges(queue, deferred, FrozenSet<Guid>.Empty)
                {
                    Write = batch => write(batch, [.. deferred.Backlogs.SelectMany(backlog => backlog.StillDeferred)]),
                };
            },
            cancellationToken);
        metrics.Committed(queue, 0, arrivals!);
    }

    /// <summary>Takes a deferred event out of the books, and writes where it is from then on; nobody handles it meanwhile.</summary>
    /// <returns>False when somebody else has handled it, or taken it out.</returns>
    public async Task<bool> TakeOut(string queue, EventEnvelope deferred, Action<NpgsqlBatch> write, CancellationToken cancellationToken) =>
        await InTransaction(
            async (_, database, _) => await InboxStore.TakeOut(database, queue, deferred, cancellationToken)
                ? new InboxChanges(queue, new ReceivedBatch([], 0), FrozenSet<Guid>.Empty) { Write = write }
                : null,
            cancellationToken) is not null;

    /// <summary>
    /// Enters messages into the inbox and reads what their handlers need, in one round trip: the rows of duplicates as well.
    /// </summary>
    private async Task<ReceivedBatch> Receive(
        string queue,
        IReadOnlyList<EventEnvelope> messages,
        IReadOnlySet<Guid> failed,
        DbContext database,
        UnitOfWork unit,
        CancellationToken cancellationToken)
    {
        var reads = new RowsToLock();
        foreach (var message in messages)
            AddReads(queue, message, reads);
        await using var batch = database.CreateBatch();
        InboxStore.Receive(batch, queue, messages);
        unit.Select(reads, batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var arrivals = await InboxStore.ReadArrivals(reader, messages, failed, cancellationToken);
        await unit.Read(reader, cancellationToken);
        return arrivals;
    }

    private async Task Handle(string queue, ReceivedBatch arrivals, IServiceProvider scope, UnitOfWork unit, CancellationToken cancellationToken)
    {
        // Rarely any: their rows are locked late, out of the global order, and a deadlock is tried again.
        var deferredReads = new RowsToLock();
        foreach (var backlog in arrivals.Backlogs)
            backlog.DeferredLocks(message => AddReads(queue, message, deferredReads));
        await unit.Load(deferredReads, cancellationToken);

        foreach (var backlog in arrivals.Backlogs)
            backlog.Run(message => Handle(queue, message, HandlerOf(queue, message), scope, unit));
        unit.Incoming = null;
    }

    private void AddReads(string queue, EventEnvelope message, RowsToLock reads)
    {
        var handler = HandlerOf(queue, message);
        handler.Reads(message.Read(handler.EventType), reads);
    }

    private HandlerBinding HandlerOf(string queue, EventEnvelope message) =>
        map.Queues[queue].TryGetValue(message.Type, out var handler)
            ? handler
            : throw new InvalidOperationException($"No handler of queue '{queue}' takes a {message.Type} any more.");

    private static Outcome Handle(string queue, EventEnvelope message, HandlerBinding handler, IServiceProvider scope, UnitOfWork unit)
    {
        using var activity = MessagingTelemetry.StartHandling(queue, message);
        unit.Incoming = message;
        try
        {
            return handler.Handle(scope, message.Read(handler.EventType));
        }
        catch (Exception exception)
        {
            activity.Failed(exception);
            throw;
        }
    }

    /// <summary>
    /// Two round trips: the work reads, and then everything is written and committed at once.
    /// </summary>
    /// <param name="work">Says what became of messages; null when there were none.</param>
    /// <param name="cancellationToken">Ends the transaction without a commit.</param>
    private async Task<ReceivedBatch?> InTransaction(
        Func<IServiceProvider, DbContext, UnitOfWork, Task<InboxChanges?>> work, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<DbContext>();
        var unit = scope.ServiceProvider.GetRequiredService<UnitOfWork>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await using var last = database.CreateBatch();
        InboxChanges? settlement = null;
        var committing = false;
        try
        {
            settlement = await work(scope.ServiceProvider, database, unit);
            await unit.Save(last, cancellationToken);
            settlement?.AddTo(last);
            last.Add("COMMIT");
            committing = true;
            await last.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (database.Database.GetDbConnection().State != ConnectionState.Open)
        {
            throw committing ? new CommitOutcomeUnknownException(exception) : new ConnectionLostException(exception);
        }
        catch (Exception exception) when (settlement?.Suspect(exception) is { } suspect)
        {
            // Whoever came with a deferred event must not pay for it.
            throw new DeferredEventFailedException(suspect, exception);
        }

        if (unit.HasAppended)
            relay.Set();
        metrics.Committed(unit);
        foreach (var observer in observers)
            observer.Committed(database);
        return settlement?.ReceivedBatch;
    }

    /// <summary>What became of messages, to be written with the commit.</summary>
    private sealed record InboxChanges(string Queue, ReceivedBatch ReceivedBatch, IReadOnlySet<Guid> Failed)
    {
        public Action<NpgsqlBatch>? Write { get; init; }

        public void AddTo(NpgsqlBatch batch)
        {
            InboxStore.Settle(batch, Queue, ReceivedBatch, Failed);
            Write?.Invoke(batch);
        }

        /// <summary>The deferred event that may have made the writing fail.</summary>
        public EventEnvelope? Suspect(Exception failure) => DatabaseErrors.IsPassing(failure) ? null : ReceivedBatch.Resumed.FirstOrDefault();
    }
}
