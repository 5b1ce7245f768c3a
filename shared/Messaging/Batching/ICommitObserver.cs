namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Hears of every committed transaction of units of work. Units commit in SQL of their own, so Entity Framework's interceptors do not hear
/// of them.
/// </summary>
public interface ICommitObserver
{
    /// <summary>Returns at once and never throws: the commit has succeeded, whatever happens here.</summary>
    /// <param name="unit">The unit, with the rows that it read and wrote.</param>
    void Committed(UnitOfWork unit);
}
