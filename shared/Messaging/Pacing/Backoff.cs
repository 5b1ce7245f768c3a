namespace OrderPlatform.Messaging.Pacing;

/// <summary>Waits twice as long each time, with jitter, so that instances do not retry in step.</summary>
/// <param name="clock">Measures the waits; null for the system's clock.</param>
/// <param name="first">The first wait, before jitter; null for 100 ms.</param>
/// <param name="longest">
/// The longest wait, before jitter, at least <paramref name="first"/>; null for two seconds. Jitter shortens each wait by up to half.
/// </param>
public sealed class Backoff(TimeProvider? clock = null, TimeSpan? first = null, TimeSpan? longest = null)
{
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly TimeSpan longest = longest ?? TimeSpan.FromSeconds(2);

    private TimeSpan next = first ?? TimeSpan.FromMilliseconds(100);

    /// <summary>Runs work until it succeeds, retrying after each temporary failure.</summary>
    /// <param name="work">The work; returns its result.</param>
    /// <param name="isTemporary">Whether a failure may end by itself; any other is thrown.</param>
    /// <param name="retrying">Called before each wait, for example to log the failure.</param>
    /// <param name="cancellationToken">Ends a wait.</param>
    /// <param name="clock">Measures the waits; null for the system's clock.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled during a wait.</exception>
    public static async Task<T> Retry<T>(
        Func<Task<T>> work,
        Func<Exception, bool> isTemporary,
        Action<Exception> retrying,
        CancellationToken cancellationToken,
        TimeProvider? clock = null)
    {
        var backoff = new Backoff(clock);
        while (true)
        {
            try
            {
                return await work();
            }
            catch (Exception exception) when (isTemporary(exception))
            {
                retrying(exception);
                await backoff.Wait(cancellationToken);
            }
        }
    }

    /// <summary>The same for work without a result.</summary>
    public static Task Retry(
        Func<Task> work, Func<Exception, bool> isTemporary, Action<Exception> retrying, CancellationToken cancellationToken) =>
        Retry(
            async () =>
            {
                await work();
                return true;
            },
            isTemporary,
            retrying,
            cancellationToken);

    /// <summary>Waits, longer each time.</summary>
    public Task Wait(CancellationToken cancellationToken)
    {
        var delay = next * (0.5 + Random.Shared.NextDouble() / 2);
        next = next * 2 < longest ? next * 2 : longest;
        return Task.Delay(delay, clock, cancellationToken);
    }
}
