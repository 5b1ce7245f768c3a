using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Tests.Pacing;

public sealed class BackoffTests
{
    [Fact]
    public async Task Waits_twice_as_long_each_time_up_to_two_seconds_with_jitter_of_half()
    {
        var clock = new HandClock();
        var backoff = new Backoff(clock);

        for (var attempt = 0; attempt < 7; attempt++)
            await backoff.Wait(TestContext.Current.CancellationToken);

        double[] longest = [100, 200, 400, 800, 1600, 2000, 2000];
        Assert.All(clock.Waits.Zip(longest), wait => Assert.InRange(wait.First.TotalMilliseconds, wait.Second / 2 - 1, wait.Second));
        Assert.Equal(longest.Length, clock.Waits.Count);
    }
}
