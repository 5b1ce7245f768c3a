namespace OrderPlatform.Messaging;

/// <summary>Wakes the relay after a commit in its own process.</summary>
internal sealed class RelaySignal : IDisposable
{
    private readonly SemaphoreSlim signal = new(0, 1);

    public void Set()
    {
        try
        {
            if (signal.CurrentCount == 0)
                signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another commit woke it just now; once is enough.
        }
    }

    public Task Wait(TimeSpan atMost, CancellationToken cancellation) => signal.WaitAsync(atMost, cancellation);

    public void Dispose() => signal.Dispose();
}
