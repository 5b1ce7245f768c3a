using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Tests.Pacing;

public sealed class SignalTests
{
    private readonly Signal signal = new();

    [Fact]
    public void Wakes_a_loop_that_waits()
    {
        var next = signal.Next();
        Assert.False(next.IsCompleted);

        signal.Set();

        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void Wakes_once_however_often_it_is_set()
    {
        var next = signal.Next();
        signal.Set();
        signal.Set();

        Assert.True(next.IsCompleted);
        Assert.False(signal.Next().IsCompleted);
    }

    [Fact]
    public void A_signal_between_the_check_and_the_wait_is_not_lost()
    {
        var next = signal.Next();
        signal.Set();
        var after = signal.Next();

        signal.Set();

        Assert.True(next.IsCompleted && after.IsCompleted);
    }
}
