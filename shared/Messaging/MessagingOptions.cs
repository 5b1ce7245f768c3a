using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace OrderPlatform.Messaging;

/// <summary>What can be tuned, in the configuration section <c>Messaging</c>. The defaults suit most services.</summary>
public sealed class MessagingOptions
{
    /// <summary>The most units of work that share one transaction.</summary>
    [Range(1, 1000)]
    public int GroupSize { get; init; } = 100;

    /// <summary>How long a group of requests waits for more under load: when several come while one group is committed.</summary>
    public TimeSpan Gather { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The same for a group of messages, and for the events that the relay reads at once. Nobody waits for their answer, so they can wait
    /// longer: under load, a larger group costs each message less.
    /// </summary>
    public TimeSpan GatherMessages { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The most messages that a queue hands to one instance before they are acknowledged.</summary>
    [Range(1, 2000)]
    public ushort Prefetch { get; init; } = 300;

    /// <summary>How often a message is retried after its handler failed, before it goes to the error queue.</summary>
    [Range(0, 20)]
    public int Retries { get; init; } = 3;

    /// <summary>The most events that the relay reads from the log at once.</summary>
    [Range(1, 10_000)]
    public int RelayBatchSize { get; init; } = 500;

    /// <summary>How often the relay looks at the log when nothing in its own process has woken it.</summary>
    public TimeSpan RelayPollInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a relay that stands by tries to take over.</summary>
    public TimeSpan TakeOverInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often deferred events whose handlers threw are tried again.</summary>
    public TimeSpan DeferredRetryInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often an instance looks for replays and rebuilds that are to run.</summary>
    public TimeSpan JobPollInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How much of the time a rebuild works, and retention archives, so that orders flow meanwhile: 0.01 to 1, which is without a rest.
    /// </summary>
    [Range(0.01, 1)]
    public double BackgroundShare { get; init; } = 0.05;

    /// <summary>How replays share the queue that they send to.</summary>
    [ValidateObjectMembers]
    public ReplayOptions Replays { get; init; } = new();

    /// <summary>How often the gauges that tell the database's state are read from it; less often where that takes long.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What becomes of dead letters.</summary>
    [ValidateObjectMembers]
    public DeadLetterOptions DeadLetters { get; init; } = new();

    /// <summary>How long history is kept.</summary>
    [ValidateObjectMembers]
    public RetentionOptions Retention { get; init; } = new();
}
