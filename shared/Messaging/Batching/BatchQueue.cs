using System.Threading.Channels;
using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Collects units of work and commits them in batches. A batch is everything that arrived while the previous one was committing: at low
/// load that is a single unit, which does not wait. Under load a batch waits for a moment, so that it is larger and each unit costs less.
/// </summary>
/// <param name="batchSize">The maximum number of units in a batch.</param>
/// <param name="gather">How long a batch waits for more under load.</param>
/// <param name="commit">
/// Commits a batch, which it owns from then on, and tells each unit its outcome. It never throws. The token ends the wait for an
/// unavailable database.
/// </param>
internal sealed class BatchQueue<TUnit>(
    int batchSize, TimeSpan gather, TimeProvider clock, Func<List<TUnit>, CancellationToken, Task> commit)
{
    /// <summary>With fewer arrivals, gathering would hardly enlarge a batch, and every unit would wait for it.</summary>
    private const int GatherThreshold = 6;

    private readonly Channel<TUnit> units = Channel.CreateUnbounded<TUnit>();

    /// <summary>Commits batches until <see cref="Complete"/> is called and no unit is left.</summary>
    /// <param name="stoppingToken">Ends the wait for an unavailable database.</param>
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

    /// <summary>Stops accepting units.</summary>
    public void Complete() => units.Writer.TryComplete();

    /// <exception cref="OperationCanceledException">The queue is complete: the service is stopping.</exception>
    public void Add(TUnit unit)
    {
        if (!units.Writer.TryWrite(unit))
            throw new OperationCanceledException("The service is stopping.");
    }
}
