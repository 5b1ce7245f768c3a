using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Tests.Pacing;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(null, null, new double[] { 100, 200, 400, 800, 1600, 2000, 2000 })]
    [InlineData(250, 5000, new double[] { 250, 500, 1000, 2000, 4000, 5000, 5000 })]
    public async Task Waits_twice_as_long_each_time_up_to_a_limit_with_jitter_of_half(int? first, int? limit, double[] longest)
    {
        var clock = new ManualClock();
        var backoff = new Backoff(clock, Milliseconds(first), Milliseconds(limit));

        foreach (var _ in longest)
            await backoff.Wait(TestContext.Current.CancellationToken);

        Assert.All(clock.Waits.Zip(longest), wait => Assert.InRange(wait.First.TotalMilliseconds, wait.Second / 2 - 1, wait.Second));
        Assert.Equal(longest.Length, clock.Waits.Count);

        static TimeSpan? Milliseconds(int? number) => number is null ? null : TimeSpan.FromMilliseconds(number.Value);
    }

    [Fact]
    public async Task Work_is_retried_after_temporary_failures_until_it_succeeds()
    {
        var clock = new ManualClock();
        var (attempts, told) = (0, new List<string>());

        var result = await Backoff.Retry(
            () => ++attempts < 3 ? throw new TimeoutException($"attempt {attempts}") : Task.FromResult("done"),
            exception => exception is TimeoutException,
            exception => told.Add(exception.Message),
            TestContext.Current.CancellationToken,
            clock);

        Assert.Equal("done", result);
        Assert.Equal(["attempt 1", "attempt 2"], told);
        Assert.Equal(2, clock.Waits.Count);
    }

    [Fact]
    public async Task Any_other_failure_ends_the_work_at_once()
    {
        var attempts = 0;

        await Assert.ThrowsAsync<FormatException>(() => Backoff.Retry(
            () => ++attempts > 0 ? throw new FormatException() : Task.CompletedTask,
            exception => exception is TimeoutException,
            _ => { },
            TestContext.Current.CancellationToken));

        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task Cancellation_ends_the_wait()
    {
        using var cancellation = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Backoff.Retry(
            () => Task.FromException(new TimeoutException()), _ => true, _ => cancellation.Cancel(), cancellation.Token));
    }
}
