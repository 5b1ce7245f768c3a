using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Messaging.Sampling;

/// <summary>
/// Gauges of the state in the database. They are sampled at intervals, not at each scrape, so a scrape costs nothing and never waits for a
/// database. Every instance shows the same state, so queries take <c>max by (job)</c> of it, never a sum.
/// </summary>
public interface ISampledMetrics
{
    /// <summary>
    /// Reads the state and sets the gauges. A slow sample is taken less often: sampling takes at most a fiftieth of the time.
    /// </summary>
    Task Sample(DbContext database, CancellationToken cancellationToken);

    /// <summary>Sets the gauges to NaN: the state cannot be read, and the last values may no longer be true.</summary>
    void Forget();
}
