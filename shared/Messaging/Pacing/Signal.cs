namespace OrderPlatform.Messaging.Pacing;

/// <summary>Wakes one loop of this process. A signal that is set while nothing waits is not lost.</summary>
public sealed class Signal
{
    private volatile TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the loop, now or the next time it waits.</summary>
    public void Set() => next.TrySetResult();

    /// <summary>Completes at the next <see cref="Set"/>. Call it before you look for work, so that none is missed.</summary>
    public Task Next()
    {
        if (next.Task.IsCompleted)
            next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return next.Task;
    }
}
