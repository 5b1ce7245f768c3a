using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace OrderPlatform.Testing;

/// <summary>Waits for what happens soon, but not at once.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Asks until the answer is yes.</summary>
    /// <param name="condition">What must become true. Exceptions of the network count as "not yet".</param>
    /// <param name="timeout">30 seconds, if not given.</param>
    /// <param name="description">The condition's own text, if not given.</param>
    /// <exception cref="TimeoutException">It did not become true in time.</exception>
    public static async Task Is(
        Func<Task<bool>> condition, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(condition))] string description = "")
    {
        var limit = timeout ?? TimeSpan.FromSeconds(30);
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
            catch (Exception exception) when (IsOfTheNetwork(exception))
            {
                last = exception;
            }

            await Task.Delay(Pause);
        }
        while (watch.Elapsed < limit);

        throw new TimeoutException($"Not true within {limit.TotalSeconds:0} seconds: {description}", last);
    }

    /// <inheritdoc cref="Is(Func{Task{bool}}, TimeSpan?, string)"/>
    public static Task Is(
        Func<bool> condition, TimeSpan? timeout = null, [CallerArgumentExpression(nameof(condition))] string description = "") =>
        Is(() => Task.FromResult(condition()), timeout, description);

    /// <summary>The time-out of an HTTP client as well, which is not the test's being cancelled.</summary>
    private static bool IsOfTheNetwork(Exception exception) => exception
        is HttpRequestException
        or IOException
        or System.Data.Common.DbException
        or TaskCanceledException { InnerException: TimeoutException };
}
