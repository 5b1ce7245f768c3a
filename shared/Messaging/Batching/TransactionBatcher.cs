namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Commits units of work; those that arrive together share one transaction. When a group fails, its units are tried again
/// one by one, so that each succeeds or fails alone.
/// </summary>
public sealed class TransactionBatcher
{
    private readonly RequestQueue queue;

    internal TransactionBatcher(RequestQueue queue) => this.queue = queue;

    /// <summary>Runs one unit of work and returns its result after the commit.</summary>
    /// <param name="reads">Names every existing row that the work may look for.</param>
    /// <param name="work">
    /// The work, on loaded and locked rows. It may run more than once, each time on fresh rows, and only the last time
    /// counts; it does no input or output of its own.
    /// </param>
    /// <param name="cancellationToken">Gives up before the unit has begun; a unit that has begun is finished.</param>
    /// <exception cref="System.Data.Common.DbException">The database could not be reached, or refused.</exception>
    public Task<TResult> Run<TResult>(Action<RowsToLock> reads, Func<UnitOfWork, TResult> work, CancellationToken cancellationToken) =>
        queue.Run(reads, work, cancellationToken);
}
