namespace OrderPlatform.Messaging.Pacing;

/// <summary>Wakes the relay after a commit in its own process.</summary>
internal sealed class Signal
{
    private volatile TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set() => next.TrySetResult();

    /// <summary>Completes at the next commit. Asked for before the log is read, it misses none.</summary>
    public Task Next()
    {
        if (next.Task.IsCompleted)
            next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return next.Task;
    }
}
