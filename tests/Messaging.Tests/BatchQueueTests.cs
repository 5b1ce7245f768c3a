using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests;

public sealed class UnitQueueTests
{
    /// <summary>Such as requests whose clients have gone: they came as fast as all others.</summary>
    [Fact]
    public async Task Gathers_when_many_come_also_if_they_are_left_out_of_their_group()
    {
        var clock = new HandClock();
        var queue = new LeavesOutAll(clock);
        for (var unit = 0; unit < 10; unit++)
            queue.Put(unit);
        var work = queue.Work(TestContext.Current.CancellationToken);
        await Eventually.Is(() => queue.Groups == 1);
        Assert.Empty(clock.Waits);

        queue.Put(10);
        await Eventually.Is(() => queue.Groups == 2);
        queue.Complete();
        await work;

        Assert.Equal([LeavesOutAll.Gather], clock.Waits);
    }

    private sealed class LeavesOutAll(HandClock clock) : BatchQueue<int>(groupSize: 100, Gather, clock)
    {
        public static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5);

        private volatile int groups;

        public int Groups => groups;

        public void Put(int unit) => Add(unit);

        protected override Task Commit(List<int> group, CancellationToken stoppingToken)
        {
            clock.Milliseconds += 10;
            group.Clear();
            groups++;
            return Task.CompletedTask;
        }
    }
}
