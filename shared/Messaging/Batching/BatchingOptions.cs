using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Batching;

/// <summary>How units of work share transactions, in the configuration section <c>Messaging</c>. The defaults suit most services.</summary>
public sealed class BatchingOptions
{
    /// <summary>The maximum number of units of work that share one transaction.</summary>
    [Range(1, 1000)]
    public int BatchSize { get; init; } = 100;

    /// <summary>How long a batch of requests waits for more under load: when several arrive while the previous batch commits.</summary>
    public TimeSpan Gather { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The same for a batch of messages, and for the events that the relay reads at once. No caller waits for an answer, so they can wait
    /// longer: under load, a larger batch costs each message less.
    /// </summary>
    public TimeSpan GatherMessages { get; init; } = TimeSpan.FromMilliseconds(20);
}
