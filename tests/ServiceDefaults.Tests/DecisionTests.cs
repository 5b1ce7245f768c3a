using OrderPlatform.ServiceDefaults.Errors;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests;

public class DecisionTests
{
    private sealed record Shipped(int Number);
    private sealed record Returned(int Number);

    private static Decision<Shipped> Ship(int number) => number switch
    {
        0 => new Refusal("nothing-to-ship", "There is nothing to ship."),
        _ => new Shipped(number),
    };

    private static Decision<object> ShipOrReturn(int number) => number switch
    {
        0 => new Refusal("nothing-to-ship", "There is nothing to ship."),
        < 0 => new Returned(-number),
        _ => new Shipped(number),
    };

    [Fact]
    public void Hands_out_the_event_that_happened()
    {
        Assert.False(Ship(3).IsRefused(out _, out var shipped));
        Assert.Equal(new Shipped(3), shipped);
        Assert.Equal(new Shipped(3), Ship(3).Event);
    }

    [Fact]
    public void Hands_out_the_refusal()
    {
        Assert.True(Ship(0).IsRefused(out var refusal, out _));
        Assert.Equal("nothing-to-ship", refusal.Code);
        Assert.Null(Ship(0).Event);
    }

    [Fact]
    public void Two_decisions_are_equal_when_their_outcomes_are() => Assert.Equal(Ship(3), new Shipped(3));

    [Theory]
    [InlineData(2, typeof(Shipped))]
    [InlineData(-2, typeof(Returned))]
    public void One_of_several_events_is_a_decision_about_objects(int number, Type happened)
    {
        Assert.IsType(happened, ShipOrReturn(number).Event);
        Assert.Equal("nothing-to-ship", ShipOrReturn(0).Refusal?.Code);
    }
}
