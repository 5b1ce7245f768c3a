using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Tests.Pacing;

public sealed class ArrivalRateTests
{
    [Theory]
    [InlineData(1, 0, 5, false)]      // One by one, as fast as it goes: nobody waits for a second.
    [InlineData(50, 1000, 10, false)] // Many at once, after a second of nothing.
    [InlineData(7, 20, 8, false)]     // A hundred orders a second, on a slow machine: seven, because they were gathered for 20 ms.
    [InlineData(40, 20, 10, true)]    // A thousand orders a second: more than ten of them came in the time that a group takes.
    [InlineData(40, 0, 30, true)]
    public void Is_high_when_several_come_while_a_group_is_worked_on(int count, int waited, int worked, bool expected)
    {
        var clock = new HandClock();
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
