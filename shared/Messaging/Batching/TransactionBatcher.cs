using System.Diagnostics;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Tracing;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Commits the work of requests; those that arrive together share one transaction. When a batch fails, its units are tried again one by
/// one, so that each succeeds or fails on its own.
/// </summary>
public sealed class TransactionBatcher : IBatchLoop
{
    private const int Attempts = 3;

    private readonly BatchTransaction transaction;
    private readonly MessagingMetrics metrics;
    private readonly string service;
    private readonly BatchQueue<RequestUnit> queue;

    internal TransactionBatcher(
        BatchTransaction transaction, MessagingTopology topology, MessagingMetrics metrics, BatchingOptions options, TimeProvider clock)
    {
        (this.transaction, this.metrics, service) = (transaction, metrics, topology.Service);
        queue = new BatchQueue<RequestUnit>(options.BatchSize, options.Gather, clock, (batch, _) => CommitUnlessAbandoned(batch));
    }

    /// <summary>Runs one unit of work and returns its result after the commit.</summary>
    /// <param name="locks">Names every row that the work may look up, by primary key, whether or not it exists.</param>
    /// <param name="work">
    /// The work, on loaded and locked rows. It may run more than once, each time on fresh rows, and only the last run counts; it does no
    /// I/O of its own.
    /// </param>
    /// <param name="cancellationToken">Abandons a unit that has not begun; a unit that has begun is finished.</param>
    /// <exception cref="System.Data.Common.DbException">The database could not be reached, or reported an error.</exception>
    public Task<TResult> Run<TResult>(
        Action<RowsToLock> locks, Func<UnitOfWork, TResult> work, CancellationToken cancellationToken)
    {
        var unit = new RequestUnit<TResult>(locks, work, cancellationToken);
        queue.Add(unit);
        return unit.Done;
    }

    Task IBatchLoop.Work(CancellationToken stoppingToken) => queue.Work(stoppingToken);

    void IBatchLoop.Complete() => queue.Complete();

    private async Task CommitUnlessAbandoned(List<RequestUnit> batch)
    {
        batch.RemoveAll(unit => unit.IsAbandoned());
        if (batch.Count > 0)
            await Commit(batch);
    }

    private async Task Commit(List<RequestUnit> batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CommitTogether(batch);
                metrics.CommittedRequests(batch.Count);
                batch.ForEach(unit => unit.Succeed());
                return;
            }
            catch (Exception exception) when (DatabaseErrors.OutageIn(exception) is { } outage)
            {
                // Retry: the pooled connection may predate a restart of the server. But not after a lost commit, which may have succeeded.
                if (attempt < Attempts && outage is not CommitOutcomeUnknownException)
                    continue;
                batch.ForEach(unit => unit.Fail(outage));
                return;
            }
            catch (Exception) when (batch.Count > 1)
            {
                foreach (var unit in batch)
                    await Commit([unit]);
                return;
            }
            catch (Exception exception) when (DatabaseErrors.IsConflict(exception) && attempt < Attempts)
            {
                // Another transaction was faster; the next attempt sees its rows.
            }
            catch (Exception exception)
            {
                batch[0].Fail(exception);
                return;
            }
        }
    }

    private async Task CommitTogether(List<RequestUnit> batch)
    {
        using var commit = MessagingTelemetry.StartCommit(service, batch.Select(request => request.Activity?.Id));
        await transaction.Run(
            async scope =>
            {
                var locks = new RowsToLock();
                foreach (var request in batch)
                    request.Locks(locks);
                await scope.Unit.Load(locks, CancellationToken.None);
                foreach (var request in batch)
                {
                    Activity.Current = request.Activity;
                    request.Execute(scope.Unit);
                }

                Activity.Current = commit;
                return null;
            },
            CancellationToken.None);
    }

    /// <summary>The work of one request, without the type of its result.</summary>
    private abstract class RequestUnit
    {
        /// <summary>The request's span, the parent of the events that the unit appends.</summary>
        public Activity? Activity { get; } = Activity.Current;

        public abstract bool IsAbandoned();

        public abstract void Locks(RowsToLock rows);

        public abstract void Execute(UnitOfWork unit);

        public abstract void Succeed();

        public abstract void Fail(Exception exception);
    }

    private sealed class RequestUnit<TResult>(
        Action<RowsToLock> locks, Func<UnitOfWork, TResult> work, CancellationToken cancellationToken) : RequestUnit
    {
        private readonly TaskCompletionSource<TResult> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TResult? result;

        public Task<TResult> Done => done.Task;

        public override bool IsAbandoned() => cancellationToken.IsCancellationRequested && done.TrySetCanceled(cancellationToken);

        public override void Locks(RowsToLock rows) => locks(rows);

        public override void Execute(UnitOfWork unit) => result = work(unit);

        public override void Succeed() => done.SetResult(result!);

        public override void Fail(Exception exception) => done.SetException(exception);
    }
}
