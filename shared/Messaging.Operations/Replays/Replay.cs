using System.Text.Json.Serialization;
using OrderPlatform.Messaging.Operations.Jobs;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Past events on their way to one queue.</summary>
internal sealed record Replay : Job
{
    /// <summary>Where they are sent.</summary>
    /// <example>inventory</example>
    public required string Queue { get; init; }

    /// <summary>Only what happened then or later is sent, UTC; from the beginning, if null.</summary>
    public required DateTimeOffset? From { get; init; }

    /// <summary>Only what happened before is sent, UTC; up to when the replay was started, if null.</summary>
    public required DateTimeOffset? Until { get; init; }

    /// <summary>
    /// The types that are sent, by their wire addresses. What nobody asked for by name and the queue does not take is left out.
    /// </summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Only events of these streams are sent; of all, if null.</summary>
    public required IReadOnlyList<string>? Streams { get; init; }

    /// <summary>The most events to send in a second, as it was asked for; null if it was not.</summary>
    public required int? PerSecond { get; init; }

    /// <summary>
    /// The rate of what was sent last: that which was asked for, or the setting <c>Messaging:Replays:PerSecondWithoutQueueLength</c> where
    /// the broker does not tell how long the queue is. Null while nothing but the queue's length bounds it, and before anything was sent.
    /// </summary>
    /// <example>500</example>
    public required int? EffectivePerSecond { get; init; }

    /// <summary>Where the events are read.</summary>
    /// <example>log</example>
    public required string Source { get; init; }

    /// <summary>Events that the broker has put into the queue; those that it already had as well, which its inbox drops.</summary>
    public required long Sent { get; init; }

    /// <summary>Events to be sent; null until they are counted.</summary>
    public required long? Total { get; init; }

    /// <summary>What was asked for and is no longer in the log, and how to send that as well; null if there is nothing.</summary>
    public required string? Missing { get; init; }

    /// <summary>Whether the types were asked for by name.</summary>
    [JsonIgnore]
    public bool TypesAreGiven { get; init; }

    /// <summary>The first position to look at.</summary>
    [JsonIgnore]
    public long First { get; init; }

    /// <summary>The last.</summary>
    [JsonIgnore]
    public long Last { get; init; }

    /// <summary>Everything up to here is sent.</summary>
    [JsonIgnore]
    public long Position { get; init; }
}
