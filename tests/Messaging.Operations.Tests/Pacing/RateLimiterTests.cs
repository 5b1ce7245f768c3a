using OrderPlatform.Messaging.Operations.Pacing;

namespace OrderPlatform.Messaging.Operations.Tests.Pacing;

public sealed class RateLimiterTests
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Batches_are_as_far_apart_as_the_rate_says()
    {
        var limiter = new RateLimiter { PerSecond = 100 };
        var now = Begin;
        var sent = 0;

        while (sent < 1000)
        {
            var count = limiter.BatchSize(500);
            now += limiter.Next(now, count);
            sent += count;
        }

        // The first batch goes at once; each other one waits for the one before.
        Assert.Equal(Begin + TimeSpan.FromSeconds(9.75), now);
    }

    [Fact]
    public void Lost_time_is_not_caught_up()
    {
        var limiter = new RateLimiter { PerSecond = 10 };
        limiter.Next(Begin, 1);

        var afterAnOutage = Begin + TimeSpan.FromHours(1);

        Assert.Equal(TimeSpan.Zero, limiter.Next(afterAnOutage, 1));
        Assert.Equal(TimeSpan.FromSeconds(0.1), limiter.Next(afterAnOutage, 1));
        Assert.Equal(TimeSpan.FromSeconds(0.2), limiter.Next(afterAnOutage, 1));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(100, 25)]
    [InlineData(1_000_000, 500)]
    public void A_batch_is_a_quarter_of_a_second_at_most_so_that_a_pause_takes_effect_soon(int perSecond, int expected) =>
        Assert.Equal(expected, new RateLimiter { PerSecond = perSecond }.BatchSize(500));

    [Fact]
    public void Without_a_rate_nothing_waits()
    {
        var limiter = new RateLimiter();

        Assert.Equal(500, limiter.BatchSize(500));
        Assert.Equal(TimeSpan.Zero, limiter.Next(Begin, 500));
        Assert.Equal(TimeSpan.Zero, limiter.Next(Begin, 500));
    }
}
