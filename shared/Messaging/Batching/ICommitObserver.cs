using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Hears of every transaction of units of work, once it is committed. Units commit in SQL of their own, so that interceptors of Entity
/// Framework do not hear of them.
/// </summary>
public interface ICommitObserver
{
    /// <summary>Returns at once and never throws: what was committed stays committed.</summary>
    /// <param name="database">Still tracks the rows that were read and written.</param>
    void Committed(DbContext database);
}
