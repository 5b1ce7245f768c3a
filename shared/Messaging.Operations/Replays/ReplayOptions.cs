using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>How fast replays send, in the configuration section <c>Messaging:Replays</c>.</summary>
public sealed class ReplayOptions
{
    /// <summary>The maximum number of events that are read and sent in one batch.</summary>
    [Range(1, 10_000)]
    public int BatchSize { get; init; } = 1000;

    /// <summary>
    /// While this many messages wait in the queue, a replay sends nothing there: new events never wait behind more than these and one
    /// batch. It needs a broker that reveals the queue's length. RabbitMQ up to 4.2.5 does; later versions require a permission on the
    /// queue.
    /// </summary>
    [Range(1, 1_000_000)]
    public int LongestQueue { get; init; } = 5000;

    /// <summary>
    /// The maximum number of events a second to a queue whose length the broker does not reveal to the producer, if the replay names no
    /// rate. A consumer should be able to handle as many in addition to its new events, because nothing else keeps its queue short.
    /// </summary>
    [Range(1, 1_000_000)]
    public int PerSecondWithoutQueueLength { get; init; } = 500;
}
