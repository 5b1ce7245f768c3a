using System.Text.Json.Serialization;
using OrderPlatform.Messaging.Operations.Jobs;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Past events on their way to one queue.</summary>
internal sealed record Replay : Job
{
    /// <summary>The queue that they are sent to.</summary>
    /// <example>inventory</example>
    public required string Queue { get; init; }

    /// <summary>Only events that occurred at this time or later are sent, UTC; from the beginning, if null.</summary>
    public required DateTimeOffset? From { get; init; }

    /// <summary>Only events that occurred before this time are sent, UTC; up to the start of the replay, if null.</summary>
    public required DateTimeOffset? Until { get; init; }

    /// <summary>
    /// Wire addresses of the types that are sent. If none were requested by name, those that the queue does not take are left out.
    /// </summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Only events of these streams are sent; of all streams, if null.</summary>
    public required IReadOnlyList<string>? Streams { get; init; }

    /// <summary>The requested limit in events a second; null if none was requested.</summary>
    public required int? PerSecond { get; init; }

    /// <summary>
    /// The rate limit of the last batch: the requested one, or the setting <c>Messaging:Replays:PerSecondWithoutQueueLength</c> where the
    /// broker does not reveal the queue's length. Null while only the queue's length limits the replay, and before the first batch.
    /// </summary>
    /// <example>500</example>
    public required int? EffectivePerSecond { get; init; }

    /// <summary>Where the events are read from.</summary>
    /// <example>log</example>
    public required string Source { get; init; }

    /// <summary>Events that the broker has put into the queue, including duplicates, which the inbox drops.</summary>
    public required long Sent { get; init; }

    /// <summary>Events to send; null until they are counted.</summary>
    public required long? Total { get; init; }

    /// <summary>Which requested events are no longer in the log, and how to send them as well; null if there are none.</summary>
    public required string? Missing { get; init; }

    /// <summary>Whether the types were requested by name.</summary>
    [JsonIgnore]
    public bool TypesAreGiven { get; init; }

    /// <summary>The first position to read.</summary>
    [JsonIgnore]
    public long First { get; init; }

    /// <summary>The last position to read.</summary>
    [JsonIgnore]
    public long Last { get; init; }

    /// <summary>Everything up to this position has been sent.</summary>
    [JsonIgnore]
    public long Position { get; init; }
}
