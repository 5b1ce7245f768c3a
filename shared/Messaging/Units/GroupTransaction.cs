using System.Collections.Frozen;
using System.Data;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace OrderPlatform.Messaging;

/// <summary>Runs units of work in one transaction on one DbContext: all commit, or none.</summary>
internal sealed class GroupTransaction(
    IServiceScopeFactory scopes, MessagingMap map, RelaySignal relay, IEnumerable<ICommitObserver> observers, MessagingMetrics metrics)
{
    /// <summary>Commits the work of requests.</summary>
    public async Task Run(IReadOnlyList<RequestUnit> requests, CancellationToken cancellation)
    {
        using var commit = MessagingTelemetry.StartCommit(map.Service, requests.Select(request => request.Activity?.Id));
        await InTransaction(
            async (_, _, unit) =>
            {
                var reads = new ReadSet();
                foreach (var request in requests)
                    request.Reads(reads);
                await unit.Load(reads, cancellation);
                foreach (var request in requests)
                {
                    Activity.Current = request.Activity;
                    request.Execute(unit);
                }

                Activity.Current = commit;
                return null;
            },
            cancellation);
    }

    /// <summary>Commits what handlers make of messages, with their inbox entries.</summary>
    /// <param name="queue">The queue they came from.</param>
    /// <param name="messages">At least one; duplicates among them have no effect.</param>
    /// <param name="failed">Parked events that are left alone this time, and whose failure is counted.</param>
    /// <param name="cancellation">Ends the transaction without a commit.</param>
    public async Task Run(
        string queue, IReadOnlyList<IncomingEvent> messages, IReadOnlySet<Guid> failed, CancellationToken cancellation)
    {
        using var commit = MessagingTelemetry.StartCommit(queue, messages.Select(message => message.TraceParent));
        var arrivals = await InTransaction(
            async (scope, database, unit) =>
            {
                var received = await Receive(queue, messages, failed, database, unit, cancellation);
                await Handle(queue, received, scope, unit, cancellation);
                return new Settlement(queue, received, failed);
            },
            cancellation);
        metrics.Committed(queue, messages.Count, arrivals!);
    }

    /// <summary>Tries the parked events of one stream once more.</summary>
    /// <exception cref="ParkedEventFailedException">One of them failed.</exception>
    public Task Resume(string queue, string stream, CancellationToken cancellation) => Resume(queue, stream, (_, _) => { }, cancellation);

    /// <summary>Tries the parked events of one stream once more, and writes something about those that still come too early.</summary>
    /// <exception cref="ParkedEventFailedException">One of them failed.</exception>
    public async Task Resume(
        string queue, string stream, Action<NpgsqlBatch, IReadOnlyList<IncomingEvent>> write, CancellationToken cancellation)
    {
        var arrivals = await InTransaction(
            async (scope, database, unit) =>
            {
                var parked = await InboxStore.Resume(database, queue, stream, cancellation);
                await Handle(queue, parked, scope, unit, cancellation);
                return new Settlement(queue, parked, FrozenSet<Guid>.Empty)
                {
                    Write = batch => write(batch, [.. parked.Backlogs.SelectMany(backlog => backlog.StillParked)]),
                };
            },
            cancellation);
        metrics.Committed(queue, 0, arrivals!);
    }

    /// <summary>Takes a parked event out of the books, and writes where it is from then on; nobody handles it meanwhile.</summary>
    /// <returns>False when somebody else has handled it, or taken it out.</returns>
    public async Task<bool> TakeOut(string queue, IncomingEvent parked, Action<NpgsqlBatch> write, CancellationToken cancellation) =>
        await InTransaction(
            async (_, database, _) => await InboxStore.TakeOut(database, queue, parked, cancellation)
                ? new Settlement(queue, new Arrivals([], 0), FrozenSet<Guid>.Empty) { Write = write }
                : null,
            cancellation) is not null;

    /// <summary>
    /// Enters messages into the inbox and reads what their handlers need, in one round trip: the rows of duplicates as well.
    /// </summary>
    private async Task<Arrivals> Receive(
        string queue,
        IReadOnlyList<IncomingEvent> messages,
        IReadOnlySet<Guid> failed,
        DbContext database,
        UnitOfWork unit,
        CancellationToken cancellation)
    {
        var reads = new ReadSet();
        foreach (var message in messages)
            AddReads(queue, message, reads);
        await using var batch = database.CreateBatch();
        InboxStore.Receive(batch, queue, messages);
        unit.Select(reads, batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var arrivals = await InboxStore.ReadArrivals(reader, messages, failed, cancellation);
        await unit.Read(reader, cancellation);
        return arrivals;
    }

    private async Task Handle(string queue, Arrivals arrivals, IServiceProvider scope, UnitOfWork unit, CancellationToken cancellation)
    {
        // Rarely any: their rows are locked late, out of the global order, and a deadlock is tried again.
        var parkedReads = new ReadSet();
        foreach (var backlog in arrivals.Backlogs)
            backlog.ParkedReads(message => AddReads(queue, message, parkedReads));
        await unit.Load(parkedReads, cancellation);

        foreach (var backlog in arrivals.Backlogs)
            backlog.Run(message => Handle(queue, message, HandlerOf(queue, message), scope, unit));
        unit.Incoming = null;
    }

    private void AddReads(string queue, IncomingEvent message, ReadSet reads)
    {
        var handler = HandlerOf(queue, message);
        handler.Reads(message.Read(handler.EventType), reads);
    }

    private HandlerBinding HandlerOf(string queue, IncomingEvent message) =>
        map.Queues[queue].TryGetValue(message.Type, out var handler)
            ? handler
            : throw new InvalidOperationException($"No handler of queue '{queue}' takes a {message.Type} any more.");

    private static Outcome Handle(string queue, IncomingEvent message, HandlerBinding handler, IServiceProvider scope, UnitOfWork unit)
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
    /// <param name="cancellation">Ends the transaction without a commit.</param>
    private async Task<Arrivals?> InTransaction(
        Func<IServiceProvider, DbContext, UnitOfWork, Task<Settlement?>> work, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<DbContext>();
        var unit = scope.ServiceProvider.GetRequiredService<UnitOfWork>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellation);
        await using var last = database.CreateBatch();
        Settlement? settlement = null;
        var committing = false;
        try
        {
            settlement = await work(scope.ServiceProvider, database, unit);
            await unit.Save(last, cancellation);
            settlement?.AddTo(last);
            last.Add("COMMIT");
            committing = true;
            await last.ExecuteNonQueryAsync(cancellation);
        }
        catch (Exception exception) when (database.Database.GetDbConnection().State != ConnectionState.Open)
        {
            throw committing ? new CommitOutcomeUnknownException(exception) : new ConnectionLostException(exception);
        }
        catch (Exception exception) when (settlement?.Suspect(exception) is { } suspect)
        {
            // Whoever came with a parked event must not pay for it.
            throw new ParkedEventFailedException(suspect, exception);
        }

        if (unit.HasAppended)
            relay.Set();
        metrics.Committed(unit);
        foreach (var observer in observers)
            observer.Committed(database);
        return settlement?.Arrivals;
    }

    /// <summary>What became of messages, to be written with the commit.</summary>
    private sealed record Settlement(string Queue, Arrivals Arrivals, IReadOnlySet<Guid> Failed)
    {
        public Action<NpgsqlBatch>? Write { get; init; }

        public void AddTo(NpgsqlBatch batch)
        {
            InboxStore.Settle(batch, Queue, Arrivals, Failed);
            Write?.Invoke(batch);
        }

        /// <summary>The parked event that may have made the writing fail.</summary>
        public IncomingEvent? Suspect(Exception failure) => DatabaseErrors.IsPassing(failure) ? null : Arrivals.Resumed.FirstOrDefault();
    }
}
