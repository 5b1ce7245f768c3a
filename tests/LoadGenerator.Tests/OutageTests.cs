namespace OrderPlatform.LoadGenerator.Tests;

public sealed class OutageTests : IDisposable
{
    private readonly StringWriter output = new();

    [Fact]
    public void Reports_once_that_a_service_is_unavailable_and_once_that_it_is_back()
    {
        var outage = new Outage("Orders", TimeProvider.System, output);

        outage.Succeeded();
        Assert.False(outage.IsOn);
        outage.Failed("Connection refused");
        outage.Failed("Connection refused");
        Assert.True(outage.IsOn);
        outage.Succeeded();
        outage.Succeeded();

        Assert.False(outage.IsOn);
        Assert.Collection(
            output.ToString().Trim().Split('\n'),
            line => Assert.Contains("Orders is unavailable (Connection refused)", line, StringComparison.Ordinal),
            line => Assert.Contains("Orders is back", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Backs_off_longer_each_time_up_to_five_seconds_and_starts_again_after_a_success()
    {
        var timers = new Timers();
        var outage = new Outage("Orders", timers, output);
        outage.Failed("Connection refused");

        for (var attempt = 0; attempt < 7; attempt++)
            _ = outage.BackOff(CancellationToken.None);
        outage.Succeeded();
        _ = outage.BackOff(CancellationToken.None);

        Assert.Equal([0.25, 0.5, 1, 2, 4, 5, 5, 0.25], timers.Set.Select(due => due.TotalSeconds));
    }

    public void Dispose() => output.Dispose();

    /// <summary>Records the waits.</summary>
    private sealed class Timers : TimeProvider
    {
        public List<TimeSpan> Set { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Set.Add(dueTime);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
