namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Is notified of every committed transaction of units of work. Units commit with their own SQL, which Entity Framework's interceptors
/// do not see.
/// </summary>
public interface ICommitObserver
{
    /// <summary>Returns at once and never throws: the commit has succeeded, regardless of what happens here.</summary>
    /// <param name="unit">The unit, with the rows that it read and wrote.</param>
    void Committed(UnitOfWork unit);
}
