using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>How replays share the queue, in the configuration section <c>Messaging:Replays</c>.</summary>
public sealed class ReplayOptions
{
    /// <summary>The most events that are read and sent at once.</summary>
    [Range(1, 10_000)]
    public int BatchSize { get; init; } = 1000;

    /// <summary>
    /// While as many messages wait in the queue, nothing is sent there: what happens now never waits behind more than these and one batch.
    /// That takes a broker that tells how many wait. RabbitMQ does up to 4.2.5; later ones tell those who have a permission on the queue.
    /// </summary>
    [Range(1, 1_000_000)]
    public int LongestQueue { get; init; } = 5000;

    /// <summary>
    /// The most events a second to a queue whose length the broker does not tell the producer, when the replay does not say: what a
    /// consumer should be able to handle beside what happens now, as nothing else keeps its queue short.
    /// </summary>
    [Range(1, 1_000_000)]
    public int PerSecondWithoutQueueLength { get; init; } = 500;
}
