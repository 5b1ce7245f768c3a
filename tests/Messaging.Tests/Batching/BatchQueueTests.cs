using OrderPlatform.Messaging.Batching;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Batching;

public sealed class BatchQueueTests
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5);

    /// <summary>Such as requests whose clients have disconnected: they arrived at the same rate as the others.</summary>
    [Fact]
    public async Task Gathers_under_load_even_when_all_units_are_left_out_of_their_batch()
    {
        var clock = new ManualClock();
        var batches = 0;
        var queue = new BatchQueue<int>(batchSize: 100, Gather, clock, (batch, _) =>
        {
            clock.Milliseconds += 10;
            batch.Clear();
            Interlocked.Increment(ref batches);
            return Task.CompletedTask;
        });
        for (var unit = 0; unit < 10; unit++)
            queue.Add(unit);
        var work = queue.Work(TestContext.Current.CancellationToken);
        await Eventually.Is(() => Volatile.Read(ref batches) == 1);
        Assert.Empty(clock.Waits);

        queue.Add(10);
        await Eventually.Is(() => Volatile.Read(ref batches) == 2);
        queue.Complete();
        await work;

        Assert.Equal([Gather], clock.Waits);
    }
}
