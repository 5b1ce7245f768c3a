using System.Threading.Channels;
using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Collects units of work and commits them in batches. A batch is everything that has arrived while the one before it was committing: at
/// low load that is a single unit, which waits for nothing. Under load a batch waits for a moment, so that it is larger and each unit costs
/// less.
/// </summary>
/// <param name="batchSize">The most units of a batch.</param>
/// <param name="gather">How long a batch waits for more under load.</param>
/// <param name="clock">Measures the time.</param>
/// <param name="commit">
/// Commits a batch, which is its own from then on, and tells every unit in it how it ended. It never throws. Its token ends waiting for a
/// database that is away.
/// </param>
internal sealed class BatchQueue<TUnit>(
    int batchSize, TimeSpan gather, TimeProvider clock, Func<List<TUnit>, CancellationToken, Task> commit)
{
    /// <summary>With fewer arrivals, gathering would hardly enlarge a batch, and all would wait for it.</summary>
    private const int GatherThreshold = 6;

    private readonly Channel<TUnit> units = Channel.CreateUnbounded<TUnit>();

    /// <summary>Works until <see cref="Complete"/>, and then through the rest.</summary>
    /// <param name="stoppingToken">Ends waiting for a database that is away.</param>
    public async Task Work(CancellationToken stoppingToken)
    {
        var arrivals = new ArrivalRate(GatherThreshold, clock);
        while (await units.Reader.WaitToReadAsync(CancellationToken.None))
        {
            if (arrivals.IsHigh && units.Reader.Count < batchSize && gather > TimeSpan.Zero)
                await Task.Delay(gather, clock, CancellationToken.None);
            var batch = new List<TUnit>();
            while (batch.Count < batchSize && units.Reader.TryRead(out var unit))
                batch.Add(unit);
            var count = batch.Count;
            arrivals.Begin();
            await commit(batch, stoppingToken);
            arrivals.End(count);
        }
    }

    /// <summary>Takes nothing more.</summary>
    public void Complete() => units.Writer.TryComplete();

    /// <exception cref="OperationCanceledException">The queue is complete: the service is stopping.</exception>
    public void Add(TUnit unit)
    {
        if (!units.Writer.TryWrite(unit))
            throw new OperationCanceledException("The service is stopping.");
    }
}
