using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace OrderPlatform.Testing;

/// <summary>Waits for a condition.</summary>
public static class Eventually
{
    /// <summary>
    /// How long a wait may take before the test fails. It guards against waiting forever and says nothing about the product: a slow
    /// machine must not reach it, so no wait has its own limit.
    /// </summary>
    public static readonly TimeSpan Guard = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Polls until the condition is true.</summary>
    /// <param name="condition">What must become true. Network and database exceptions count as "not yet".</param>
    /// <param name="description">By default, the source text of the condition.</param>
    /// <exception cref="TimeoutException">It did not become true within <see cref="Guard"/>.</exception>
    public static Task Is(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string description = "") =>
        Wait(condition, Guard, description);

    /// <inheritdoc cref="Is(Func{Task{bool}}, string)"/>
    public static Task Is(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string description = "") =>
        Wait(() => Task.FromResult(condition()), Guard, description);

    /// <summary>Waits for something that necessarily takes minutes: <see cref="Guard"/> starts over with each step forward.</summary>
    /// <param name="progress">Grows until it has reached its goal.</param>
    /// <param name="goal">What it must reach.</param>
    /// <param name="description">By default, the source text of <paramref name="progress"/>.</param>
    /// <exception cref="TimeoutException">It made no progress within <see cref="Guard"/>.</exception>
    public static async Task Reaches(
        Func<long> progress, long goal, [CallerArgumentExpression(nameof(progress))] string description = "")
    {
        for (var now = progress(); now < goal; now = progress())
            await Wait(() => Task.FromResult(progress() > now), Guard, $"{description} goes beyond {now}, towards {goal}");
    }

    /// <summary>Polls until the condition is true; for tests of a time that the product promises.</summary>
    /// <exception cref="TimeoutException">It did not become true within <paramref name="promised"/>.</exception>
    public static Task IsWithin(
        TimeSpan promised, Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string description = "") =>
        Wait(condition, promised, description);

    private static async Task Wait(Func<Task<bool>> condition, TimeSpan limit, string description)
    {
        var watch = Stopwatch.StartNew();
        Exception? last = null;
        do
        {
            try
            {
                if (await condition())
                    return;
                last = null;
            }
            catch (Exception exception) when (IsTransient(exception))
            {
                last = exception;
            }

            // Polling costs the processor time that the product needs to get there, so long waits poll less often.
            await Task.Delay(TimeSpan.FromTicks(Math.Clamp(watch.Elapsed.Ticks / 20, ShortestPause.Ticks, LongestPause.Ticks)));
        }
        while (watch.Elapsed < limit);

        throw new TimeoutException($"Not true within {limit.TotalSeconds:0} seconds: {description}", last);
    }

    /// <summary>Includes the timeout of an HTTP client, but not the cancellation of the test.</summary>
    private static bool IsTransient(Exception exception) => exception
        is HttpRequestException
        or IOException
        or System.Data.Common.DbException
        or TaskCanceledException { InnerException: TimeoutException };
}
