using System.Text.Json;
using System.Text.Json.Serialization;
using OrderPlatform.Messaging.Operations.Jobs;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>A comparison of rows with the events that they are made of.</summary>
internal sealed record Rebuild : Job
{
    public required RebuildMode Mode { get; init; }

    /// <summary>Streams looked at: rows, and then those that have no row.</summary>
    public required long Checked { get; init; }

    /// <summary>Those where row and events disagree, repaired or not.</summary>
    public required long Differing { get; init; }

    /// <summary>Those of them whose row was made anew.</summary>
    public required long Repaired { get; init; }

    /// <summary>Those whose events are not all in the log any more, because they were archived: nothing can be said of them.</summary>
    public required long Skipped { get; init; }

    /// <summary>The first three hundred differences; null where rebuilds are listed.</summary>
    public required IReadOnlyList<Difference>? Differences { get; init; }

    /// <summary>Null before the first rows.</summary>
    [JsonIgnore]
    public RebuildCursor? Cursor { get; init; }
}

/// <summary>What a rebuild does about differences.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RebuildMode>))]
internal enum RebuildMode
{
    /// <summary>Reports them.</summary>
    [JsonStringEnumMemberName("compare")]
    Compare,

    /// <summary>Reports them, and makes the rows what the events say.</summary>
    [JsonStringEnumMemberName("repair")]
    Repair,
}

/// <summary>Where a rebuild stands.</summary>
/// <param name="Table">The number of the entity, among those of the service.</param>
/// <param name="Key">The last row that is done; null before the first.</param>
/// <param name="Position">Where in the log it looks for events without a row; null while it goes through the rows.</param>
internal sealed record RebuildCursor(int Table, JsonElement? Key, long? Position);

/// <summary>A stream where row and events disagree.</summary>
/// <param name="Stream">Such as the order's id.</param>
/// <param name="Kind">How.</param>
/// <param name="Properties">Those of the row that are not what the events say, when both are there.</param>
internal sealed record Difference(string Stream, DifferenceKind Kind, IReadOnlyList<DifferingProperty> Properties);

/// <summary>How row and events can disagree.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DifferenceKind>))]
internal enum DifferenceKind
{
    /// <summary>The row is not what the events say.</summary>
    [JsonStringEnumMemberName("differs")]
    Differs,

    /// <summary>There are events, but no row.</summary>
    [JsonStringEnumMemberName("missing-row")]
    MissingRow,

    /// <summary>
    /// There is a row, but the log lacks events of it, which cannot be archived yet. No repair changes that row: it may be all that is
    /// left.
    /// </summary>
    [JsonStringEnumMemberName("missing-events")]
    MissingEvents,
}

/// <summary>A property that the events say otherwise.</summary>
/// <param name="Name" example="status">Its name.</param>
/// <param name="Row">What the row has.</param>
/// <param name="Log">What the events say.</param>
internal sealed record DifferingProperty(string Name, JsonElement Row, JsonElement Log);
