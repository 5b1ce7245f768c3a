namespace OrderPlatform.Messaging.Tests;

public sealed class CrowdTests
{
    [Theory]
    [InlineData(1, 0, 5, false)]      // One by one, as fast as it goes: nobody waits for a second.
    [InlineData(50, 1000, 10, false)] // Many at once, after a second of nothing.
    [InlineData(7, 20, 8, false)]     // A hundred orders a second, on a slow machine: seven, because they were gathered for 20 ms.
    [InlineData(40, 20, 10, true)]    // A thousand orders a second: more than ten of them came in the time that a group takes.
    [InlineData(40, 0, 30, true)]
    public void Is_there_when_several_come_while_a_group_is_worked_on(int count, int waited, int worked, bool expected)
    {
        var clock = new HandClock();
        var crowd = new Crowd(several: 6, clock);

        // The second time is no different: a crowd does not keep itself together.
        for (var time = 1; time <= 2; time++)
        {
            clock.Milliseconds += waited;
            crowd.Begin();
            clock.Milliseconds += worked;
            crowd.End(count);
            Assert.Equal(expected, crowd.IsThere);
        }
    }
}
