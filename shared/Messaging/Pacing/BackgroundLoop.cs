using Microsoft.Extensions.Hosting;

namespace OrderPlatform.Messaging.Pacing;

/// <summary>
/// Work that is done again and again while the service runs, and that no failure ends: it is logged and tried again, with a growing wait or
/// at the next interval.
/// </summary>
/// <param name="ready">Completes when the work can begin.</param>
/// <param name="interval">From the end of one turn to the next; zero to go on at once.</param>
public abstract class BackgroundLoop(Task ready, TimeSpan interval) : BackgroundService
{
    private Backoff backoff = new();

    /// <summary>Does one turn of the work.</summary>
    protected abstract Task Run(CancellationToken stoppingToken);

    /// <summary>Logs that a turn failed, and when it is tried again.</summary>
    protected abstract void Interrupted(Exception exception);

    /// <summary>Says within a turn that the work gets on: the next failure is a new one.</summary>
    protected void Progressed() => backoff = new Backoff();

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await ready.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Run(stoppingToken);
                Progressed();
                if (interval > TimeSpan.Zero)
                    await Task.Delay(interval, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                // The next instance will retry it.
                return;
            }
            catch (Exception exception)
            {
                Interrupted(exception);
                await (interval > TimeSpan.Zero ? Task.Delay(interval, stoppingToken) : backoff.Wait(stoppingToken));
            }
        }
    }
}
