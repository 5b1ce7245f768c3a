using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Tests.Pacing;

public sealed class ArrivalRateTests
{
    [Theory]
    [InlineData(1, 0, 5, false)]      // One by one, as fast as it goes: none waits for a second one.
    [InlineData(50, 1000, 10, false)] // Many at once, after a second of nothing.
    [InlineData(7, 20, 8, false)]     // A hundred orders a second, on a slow machine: seven, because they were gathered for 20 ms.
    [InlineData(40, 20, 10, true)]    // A thousand orders a second: more than ten of them came in the time that a batch takes.
    [InlineData(40, 0, 30, true)]
    public void Is_high_when_several_units_arrive_while_a_batch_is_processed(int count, int waited, int worked, bool expected)
    {
        var clock = new ManualClock();
        var arrivals = new ArrivalRate(threshold: 6, clock);

        // The second time is no different: a high rate does not keep itself up.
        for (var time = 1; time <= 2; time++)
        {
            clock.Milliseconds += waited;
            arrivals.Begin();
            clock.Milliseconds += worked;
            arrivals.End(count);
            Assert.Equal(expected, arrivals.IsHigh);
        }
    }
}
