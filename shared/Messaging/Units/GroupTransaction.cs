using System.Collections.Frozen;
using System.Data;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging;

/// <summary>Runs units of work in one transaction on one DbContext: all commit, or none.</summary>
internal sealed class GroupTransaction(
    IServiceScopeFactory scopes, MessagingMap map, RelaySignal relay, MessagingMetrics metrics)
{
    /// <summary>Commits the work of requests.</summary>
    public Task Run(IReadOnlyList<RequestUnit> requests, CancellationToken cancellation) =>
        InTransaction(
            async (scope, database, unit) =>
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

                Activity.Current = null;

                await unit.Save(cancellation);
            },
            cancellation);

    /// <summary>Commits what handlers make of messages, with their inbox entries.</summary>
    /// <param name="queue">The queue they came from.</param>
    /// <param name="messages">At least one; duplicates among them have no effect.</param>
    /// <param name="failed">Parked events that are left alone this time, and whose failure is counted.</param>
    /// <param name="cancellation">Ends the transaction without a commit.</param>
    public async Task Run(
        string queue, IReadOnlyList<IncomingEvent> messages, IReadOnlySet<Guid> failed, CancellationToken cancellation)
    {
        Arrivals? arrivals = null;
        await InTransaction(
            async (scope, database, unit) =>
            {
                arrivals = await InboxStore.Receive(database, queue, messages, failed, cancellation);
                await Handle(queue, arrivals, scope, database, unit, failed, cancellation);
            },
            cancellation);
        metrics.Committed(queue, messages.Count, arrivals!);
    }

    /// <summary>Tries the parked events of one stream once more.</summary>
    /// <exception cref="ParkedEventFailedException">One of them failed.</exception>
    public async Task Resume(string queue, string stream, CancellationToken cancellation)
    {
        Arrivals? arrivals = null;
        await InTransaction(
            async (scope, database, unit) =>
            {
                arrivals = await InboxStore.Resume(database, queue, stream, cancellation);
                await Handle(queue, arrivals, scope, database, unit, FrozenSet<Guid>.Empty, cancellation);
            },
            cancellation);
        metrics.Committed(queue, 0, arrivals!);
    }

    /// <summary>Takes a parked event out of the books once it is safe elsewhere; nobody handles it meanwhile.</summary>
    public Task TakeOut(string queue, IncomingEvent parked, Func<Task> keep, CancellationToken cancellation) =>
        InTransaction(
            async (scope, database, unit) =>
            {
                if (await InboxStore.TakeOut(database, queue, parked, cancellation))
                    await keep();
            },
            cancellation);

    private async Task Handle(
        string queue,
        Arrivals arrivals,
        IServiceProvider scope,
        DbContext database,
        UnitOfWork unit,
        IReadOnlySet<Guid> failed,
        CancellationToken cancellation)
    {
        var handlers = map.Queues[queue];
        var reads = new ReadSet();
        foreach (var backlog in arrivals.Backlogs)
            backlog.Reads(message => HandlerOf(message).Reads(message.Read(HandlerOf(message).EventType), reads));
        await unit.Load(reads, cancellation);

        foreach (var backlog in arrivals.Backlogs)
            backlog.Run(message => Handle(queue, message, HandlerOf(message), scope, unit));

        unit.Incoming = null;
        try
        {
            await unit.Save(cancellation);
        }
        catch (Exception exception) when (!DatabaseErrors.IsPassing(exception) && arrivals.Resumed.FirstOrDefault() is { } suspect)
        {
            // Whoever came with a parked event must not pay for it.
            throw new ParkedEventFailedException(suspect, exception);
        }

        await InboxStore.Settle(database, queue, arrivals, failed, cancellation);

        HandlerBinding HandlerOf(IncomingEvent message) => handlers.TryGetValue(message.Type, out var handler)
            ? handler
            : throw new InvalidOperationException($"No handler of queue '{queue}' takes a {message.Type} any more.");
    }

    private static Outcome Handle(string queue, IncomingEvent message, HandlerBinding handler, IServiceProvider scope, UnitOfWork unit)
    {
        using var activity = MessagingTelemetry.StartHandling(queue, message);
        unit.Incoming = message;
        return handler.Handle(scope, message.Read(handler.EventType));
    }

    private async Task InTransaction(Func<IServiceProvider, DbContext, UnitOfWork, Task> work, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<DbContext>();
        var unit = scope.ServiceProvider.GetRequiredService<UnitOfWork>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellation);
        try
        {
            await work(scope.ServiceProvider, database, unit);
        }
        catch (Exception exception) when (database.Database.GetDbConnection().State != ConnectionState.Open)
        {
            throw new ConnectionLostException(exception);
        }

        await Commit(transaction, cancellation);
        if (unit.HasAppended)
            relay.Set();
    }

    private static async Task Commit(IDbContextTransaction transaction, CancellationToken cancellation)
    {
        try
        {
            await transaction.CommitAsync(cancellation);
        }
        catch (Exception exception) when (DatabaseErrors.IsOutage(exception))
        {
            throw new CommitOutcomeUnknownException(exception);
        }
    }
}
