namespace OrderPlatform.LoadGenerator.Tests;

public sealed class PulseTests : IDisposable
{
    private readonly string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly Clock clock = new();
    private readonly StringWriter output = new();

    [Fact]
    public void There_is_none_before_an_order_was_accepted()
    {
        Assert.False(PulseAt("20").IsFelt(output));
        Assert.Equal("No order was accepted in the last 30 s.", output.ToString().Trim());
    }

    [Theory]
    [InlineData("20", 30)]
    [InlineData("0.05", 60)]
    public void It_is_felt_until_orders_have_not_been_accepted_for_long(string ordersPerSecond, int seconds)
    {
        var (generator, check) = (PulseAt(ordersPerSecond), PulseAt(ordersPerSecond));

        generator.Beat();
        clock.Now += TimeSpan.FromSeconds(seconds);
        Assert.True(check.IsFelt(output));
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(check.IsFelt(output));
        generator.Beat();
        Assert.True(check.IsFelt(output));
    }

    [Fact]
    public void Who_asks_says_whose() =>
        Assert.Contains("--pulse-file", Assert.Throws<ArgumentException>(() => Pulse.Of(Options.Parse([], _ => null), clock)).Message, StringComparison.Ordinal);

    public void Dispose()
    {
        File.Delete(file);
        output.Dispose();
    }

    private Pulse PulseAt(string ordersPerSecond) =>
        Pulse.Of(Options.Parse(["--orders-per-second", ordersPerSecond, "--pulse-file", file], _ => null), clock);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
