namespace OrderPlatform.Messaging.Pacing;

/// <summary>Wakes one loop of this process; what is set while nothing waits is not lost.</summary>
public sealed class Signal
{
    private volatile TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes the loop, now or when it waits next.</summary>
    public void Set() => next.TrySetResult();

    /// <summary>Completes at the next <see cref="Set"/>. Ask for it before you look for work, and none is missed.</summary>
    public Task Next()
    {
        if (next.Task.IsCompleted)
            next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return next.Task;
    }
}
