using System.Threading.Channels;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Collects units of work and commits them in groups. A group is whatever has arrived while the one before it was
/// committing: at low load that is a single unit, which waits for nobody. Under load a group waits for a moment, so that it is
/// larger and each unit costs less.
/// </summary>
internal abstract class BatchQueue<TUnit>(int groupSize, TimeSpan gather, TimeProvider clock)
{
    /// <summary>Below that, gathering makes a group hardly larger, and everybody wait.</summary>
    private const int GatherThreshold = 6;

    private readonly Channel<TUnit> units = Channel.CreateUnbounded<TUnit>();

    /// <summary>Works until <see cref="Complete"/>, and then through what is left.</summary>
    /// <param name="stoppingToken">Ends waiting for a database that is away.</param>
    public async Task Work(CancellationToken stoppingToken)
    {
        var arrivals = new ArrivalRate(GatherThreshold, clock);
        while (await units.Reader.WaitToReadAsync(CancellationToken.None))
        {
            if (arrivals.IsHigh && units.Reader.Count < groupSize && gather > TimeSpan.Zero)
                await Task.Delay(gather, clock, CancellationToken.None);
            var group = new List<TUnit>();
            while (group.Count < groupSize && units.Reader.TryRead(out var unit))
                group.Add(unit);
            var count = group.Count;
            arrivals.Begin();
            await Commit(group, stoppingToken);
            arrivals.End(count);
        }
    }

    /// <summary>Takes nothing more.</summary>
    public void Complete() => units.Writer.TryComplete();

    protected void Add(TUnit unit)
    {
        if (!units.Writer.TryWrite(unit))
            throw new OperationCanceledException("The service is stopping.");
    }

    /// <summary>Commits a group, which is its own from then on, and tells every unit in it what became of it. Never throws.</summary>
    protected abstract Task Commit(List<TUnit> group, CancellationToken stoppingToken);
}
