using System.Diagnostics;

namespace OrderPlatform.Messaging.Batching;

/// <summary>The units of work of HTTP requests.</summary>
internal sealed class RequestQueue(
    BatchTransaction transaction, MessagingMetrics metrics, MessagingOptions options, TimeProvider clock)
    : BatchQueue<RequestUnit>(options.GroupSize, options.Gather, clock)
{
    private const int Attempts = 3;

    public Task<TResult> Run<TResult>(Action<RowsToLock> reads, Func<UnitOfWork, TResult> work, CancellationToken cancellationToken)
    {
        var unit = new RequestUnit<TResult>(reads, work, cancellationToken);
        Add(unit);
        return unit.Done;
    }

    protected override async Task Commit(List<RequestUnit> group, CancellationToken stoppingToken)
    {
        group.RemoveAll(unit => unit.IsAbandoned());
        if (group.Count > 0)
            await Commit(group);
    }

    private async Task Commit(List<RequestUnit> group)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await transaction.Run(group, CancellationToken.None);
                metrics.Committed(group.Count);
                group.ForEach(unit => unit.Succeed());
                return;
            }
            catch (Exception exception) when (DatabaseErrors.OutageIn(exception) is { } outage)
            {
                // A pooled connection may be older than the server's last restart; a lost commit may have succeeded.
                if (attempt < Attempts && outage is not CommitOutcomeUnknownException)
                    continue;
                group.ForEach(unit => unit.Fail(outage));
                return;
            }
            catch (Exception) when (group.Count > 1)
            {
                foreach (var unit in group)
                    await Commit([unit]);
                return;
            }
            catch (Exception exception) when (DatabaseErrors.IsConflict(exception) && attempt < Attempts)
            {
                // Somebody else was faster; their rows are visible to the next attempt.
            }
            catch (Exception exception)
            {
                group[0].Fail(exception);
                return;
            }
        }
    }
}

/// <summary>The work of one request, seen without its result.</summary>
internal abstract class RequestUnit
{
    /// <summary>The request's span, the parent of what the unit appends.</summary>
    public Activity? Activity { get; } = Activity.Current;

    public abstract bool IsAbandoned();

    public abstract void Reads(RowsToLock rows);

    public abstract void Execute(UnitOfWork unit);

    public abstract void Succeed();

    public abstract void Fail(Exception exception);
}

internal sealed class RequestUnit<TResult>(
    Action<RowsToLock> reads, Func<UnitOfWork, TResult> work, CancellationToken cancellationToken) : RequestUnit
{
    private readonly TaskCompletionSource<TResult> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult? result;

    public Task<TResult> Done => done.Task;

    public override bool IsAbandoned() => cancellationToken.IsCancellationRequested && done.TrySetCanceled(cancellationToken);

    public override void Reads(RowsToLock rows) => reads(rows);

    public override void Execute(UnitOfWork unit) => result = work(unit);

    public override void Succeed() => done.SetResult(result!);

    public override void Fail(Exception exception) => done.SetException(exception);
}
