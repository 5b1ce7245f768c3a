using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Tests.Handlers;

public sealed class DecisionTests
{
    [Fact]
    public void Holds_the_event_that_happened() =>
        Assert.Equal((new Shipped(3), null, Outcome.Handled), (Ship(3).Happened, Ship(3).Refusal, Ship(3).Outcome));

    [Fact]
    public void Holds_the_refusal() =>
        Assert.Equal((null, "nothing-to-ship", Outcome.Handled), (Ship(0).Happened, Ship(0).Refusal?.Code, Ship(0).Outcome));

    [Fact]
    public void Is_empty_when_nothing_happens() =>
        Assert.Equal((null, null, Outcome.Handled), (Ship(-1).Happened, Ship(-1).Refusal, Ship(-1).Outcome));

    [Fact]
    public void Defers_when_another_event_must_come_first() =>
        Assert.Equal((null, null, Outcome.Defer), (Ship(-2).Happened, Ship(-2).Refusal, Ship(-2).Outcome));

    [Fact]
    public void Two_decisions_are_equal_when_their_results_are() => Assert.Equal(Ship(3), new Shipped(3));

    [Theory]
    [InlineData(2, typeof(Shipped))]
    [InlineData(-2, typeof(Returned))]
    public void One_of_several_events_is_a_decision_about_objects(int number, Type happened)
    {
        Assert.IsType(happened, ShipOrReturn(number).Happened);
        Assert.Equal("nothing-to-ship", ShipOrReturn(0).Refusal?.Code);
    }

    private static Decision<Shipped> Ship(int number) => number switch
    {
        0 => new Refusal("nothing-to-ship", "There is nothing to ship."),
        -1 => Decision.Nothing,
        -2 => Decision.Defer,
        _ => new Shipped(number),
    };

    private static Decision<object> ShipOrReturn(int number) => number switch
    {
        0 => new Refusal("nothing-to-ship", "There is nothing to ship."),
        < 0 => new Returned(-number),
        _ => new Shipped(number),
    };

    private sealed record Shipped(int Number);

    private sealed record Returned(int Number);
}
