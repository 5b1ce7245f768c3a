namespace OrderPlatform.Messaging;

/// <summary>Wakes the redrive of this instance.</summary>
internal sealed class RedriveSignal
{
    private volatile TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set() => next.TrySetResult();

    /// <summary>Completes when something is scheduled. Asked for before the table is read, it misses nothing.</summary>
    public Task Next()
    {
        if (next.Task.IsCompleted)
            next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return next.Task;
    }
}
