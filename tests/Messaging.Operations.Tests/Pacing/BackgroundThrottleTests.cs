using OrderPlatform.Messaging.Operations.Pacing;

namespace OrderPlatform.Messaging.Operations.Tests.Pacing;

public sealed class BackgroundThrottleTests
{
    [Theory]
    [InlineData(0.05, 100, 1.9)]
    [InlineData(0.5, 100, 0.1)]
    [InlineData(0.05, 1000, 10)] // Not 19: no rest is longer.
    public async Task Rests_as_the_share_says_and_no_longer_than_ten_seconds(double share, int worked, double rests)
    {
        var clock = new ManualClock();
        var turn = new BackgroundThrottle(share, clock).Begin();

        clock.Milliseconds += worked;
        await turn.Rest(TestContext.Current.CancellationToken);

        Assert.Equal(rests, Assert.Single(clock.Waits).TotalSeconds, precision: 3);
    }

    [Fact]
    public async Task Does_not_rest_when_its_share_is_all_of_the_time()
    {
        var clock = new ManualClock();
        var turn = new BackgroundThrottle(share: 1, clock).Begin();

        clock.Milliseconds += 100;
        await turn.Rest(TestContext.Current.CancellationToken);

        Assert.Empty(clock.Waits);
    }
}
