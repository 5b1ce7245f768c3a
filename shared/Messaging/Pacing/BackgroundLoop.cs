using Microsoft.Extensions.Hosting;

namespace OrderPlatform.Messaging.Pacing;

/// <summary>
/// Work that repeats while the service runs. No failure ends it: the failure is logged and the work is tried again, with backoff or at the
/// next interval.
/// </summary>
/// <param name="ready">Completes when the work can begin.</param>
/// <param name="interval">The pause between the end of one turn and the start of the next; zero for none.</param>
public abstract class BackgroundLoop(Task ready, TimeSpan interval) : BackgroundService
{
    private Backoff backoff = new();

    /// <summary>Does one turn of the work.</summary>
    protected abstract Task Run(CancellationToken stoppingToken);

    /// <summary>Logs that a turn failed, and when it is tried again.</summary>
    protected abstract void Interrupted(Exception exception);

    /// <summary>Reports progress within a turn, so that the backoff after the next failure starts anew.</summary>
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
