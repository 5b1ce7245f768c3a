using OrderPlatform.Testing;

namespace OrderPlatform.LoadGenerator.Tests;

public sealed class HeartbeatTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("heartbeat-");
    private readonly Clock clock = new();
    private readonly StringWriter output = new();

    private string Path => System.IO.Path.Combine(directory.FullName, "heartbeat");

    [Fact]
    public void There_is_no_heartbeat_before_an_order_was_accepted()
    {
        Assert.False(HeartbeatAt("20").IsAlive(output));
        HeartbeatAt("20").Prepare();
        Assert.False(HeartbeatAt("20").IsAlive(output));
        Assert.Equal(["No order was accepted in the last 30 s.", "No order was accepted in the last 30 s."], Lines);
    }

    [Theory]
    [InlineData("20", 30)]
    [InlineData("0.05", 60)]
    public void Is_alive_until_no_order_has_been_accepted_for_too_long(string ordersPerSecond, int seconds)
    {
        var (generator, check) = (HeartbeatAt(ordersPerSecond), HeartbeatAt(ordersPerSecond));

        generator.Beat(output);
        clock.Now += TimeSpan.FromSeconds(seconds);
        Assert.True(check.IsAlive(output));
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(check.IsAlive(output));
        generator.Beat(output);
        Assert.True(check.IsAlive(output));
    }

    [Fact]
    public void A_health_check_without_a_heartbeat_file_is_refused() => Assert.Contains(
        "--heartbeat-file",
        Assert.Throws<ArgumentException>(() => Heartbeat.Of(Options.Parse([], _ => null), clock)).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task Nothing_is_ordered_when_the_file_cannot_be_written()
    {
        var options = Options.Parse(["--heartbeat-file", $"{Path}/in/a/directory/that/is/not/there"], _ => null);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(Eventually.Guard);

        var refusal = await Assert.ThrowsAsync<ArgumentException>(
            () => new Generator(options, TimeProvider.System, output).Run(stop.Token));

        Assert.Contains("heartbeat file", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Lines);
    }

    [Fact]
    public void Says_once_that_the_file_can_no_longer_be_written_and_continues()
    {
        var heartbeat = HeartbeatAt("20");
        heartbeat.Prepare();

        directory.Delete(recursive: true);
        heartbeat.Beat(output);
        heartbeat.Beat(output);
        Assert.Contains("heartbeat file", Assert.Single(Lines), StringComparison.Ordinal);

        directory.Create();
        heartbeat.Beat(output);
        Assert.True(HeartbeatAt("20").IsAlive(output));
    }

    public void Dispose()
    {
        directory.Delete(recursive: true);
        output.Dispose();
    }

    private string[] Lines => output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    private Heartbeat HeartbeatAt(string ordersPerSecond) =>
        Heartbeat.Of(Options.Parse(["--orders-per-second", ordersPerSecond, "--heartbeat-file", Path], _ => null), clock);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
