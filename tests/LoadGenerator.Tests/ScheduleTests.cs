namespace OrderPlatform.LoadGenerator.Tests;

public sealed class ScheduleTests
{
    private readonly Clock clock = new();

    [Theory]
    [InlineData(0.5)]
    [InlineData(20)]
    [InlineData(3333)]
    public void Keeps_the_rate_however_late_the_timer_is(double perSecond)
    {
        var schedule = new Schedule(perSecond, clock);
        var orders = 0;
        while (clock.Elapsed < TimeSpan.FromSeconds(100))
        {
            if (schedule.UntilNext() is var wait && wait > TimeSpan.Zero)
            {
                clock.Elapsed += wait + TimeSpan.FromMilliseconds(15);
                continue;
            }

            schedule.Take();
            orders++;
        }

        Assert.InRange(orders, (99.9 * perSecond) - 1, (100.1 * perSecond) + 1);
    }

    [Fact]
    public void Waits_as_long_as_the_rate_says()
    {
        var schedule = new Schedule(10, clock);

        Assert.Equal(TimeSpan.Zero, schedule.UntilNext());
        schedule.Take();
        Assert.Equal(TimeSpan.FromMilliseconds(100), schedule.UntilNext());
        clock.Elapsed += TimeSpan.FromMilliseconds(40);
        Assert.Equal(TimeSpan.FromMilliseconds(60), schedule.UntilNext());
    }

    [Fact]
    public void Does_not_catch_up_on_orders_that_it_missed_while_it_was_held_up()
    {
        var schedule = new Schedule(10, clock);
        clock.Elapsed += TimeSpan.FromSeconds(60);

        Assert.Equal(TimeSpan.Zero, schedule.UntilNext());
        schedule.Take();
        Assert.Equal(TimeSpan.FromMilliseconds(100), schedule.UntilNext());
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}
