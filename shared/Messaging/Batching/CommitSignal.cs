using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Batching;

/// <summary>Wakes a loop of this process when one of its commits has created work for the loop.</summary>
/// <remarks>Each loop derives its own type, so that the container can tell the signals apart.</remarks>
/// <param name="creates">Whether a commit has created such work.</param>
public abstract class CommitSignal(Func<UnitOfWork, bool> creates) : ICommitObserver
{
    private readonly Signal signal = new();

    /// <summary>Completes at the next such commit. Call it before you look for work, so that none is missed.</summary>
    public Task Next() => signal.Next();

    /// <inheritdoc/>
    public void Committed(UnitOfWork unit)
    {
        if (creates(unit))
            signal.Set();
    }
}
