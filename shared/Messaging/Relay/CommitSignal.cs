using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Relay;

/// <summary>Wakes the relay when a commit of this process has appended events.</summary>
internal sealed class CommitSignal : ICommitObserver
{
    private readonly Signal signal = new();

    /// <summary>Completes at the next such commit.</summary>
    public Task Next() => signal.Next();

    public void Committed(UnitOfWork unit)
    {
        if (unit.HasAppended)
            signal.Set();
    }
}
