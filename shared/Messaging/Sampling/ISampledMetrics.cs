using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Messaging.Sampling;

/// <summary>
/// Gauges of what is in the database. They are read now and then, not when Prometheus asks: so a scrape costs nothing, and never
/// waits for a database. Every instance shows the same state, so queries take <c>max by (job)</c> of it, never a sum.
/// </summary>
public interface ISampledMetrics
{
    /// <summary>
    /// Reads the state and sets the gauges. What takes long is asked seldom: a fiftieth of the time at most is spent here.
    /// </summary>
    Task Sample(DbContext database, CancellationToken cancellationToken);

    /// <summary>Sets the gauges to NaN: the database is away, and what was true may not be so any more.</summary>
    void Forget();
}
