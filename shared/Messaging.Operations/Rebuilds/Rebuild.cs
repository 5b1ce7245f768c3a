using System.Text.Json;
using System.Text.Json.Serialization;
using OrderPlatform.Messaging.Operations.Jobs;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>A comparison of rows with the fold of their events.</summary>
internal sealed record Rebuild : Job
{
    public required RebuildMode Mode { get; init; }

    /// <summary>Streams looked at, including skipped ones: those with a row first, then those without.</summary>
    public required long Checked { get; init; }

    /// <summary>Streams whose row and events disagree, repaired or not.</summary>
    public required long Differing { get; init; }

    /// <summary>Streams among them whose row was repaired.</summary>
    public required long Repaired { get; init; }

    /// <summary>Streams that cannot be compared, because some of their events may have been archived.</summary>
    public required long Skipped { get; init; }

    /// <summary>The first three hundred differences; null in lists of rebuilds.</summary>
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

    /// <summary>Reports them, and repairs the rows from their events.</summary>
    [JsonStringEnumMemberName("repair")]
    Repair,
}

/// <summary>The progress of a rebuild.</summary>
/// <param name="Table">The number of the entity among the service's rebuildable ones, from 0.</param>
/// <param name="Key">The key of the last row that was compared; null before the first.</param>
/// <param name="Position">The log position up to which it has looked for events without a row; null while it goes through the rows.</param>
internal sealed record RebuildCursor(int Table, JsonElement? Key, long? Position);

/// <summary>A stream where row and events disagree.</summary>
/// <param name="Stream">Such as the order's id.</param>
/// <param name="Kind">How they disagree.</param>
/// <param name="Properties">The properties that differ, when there are both row and events.</param>
internal sealed record Difference(string Stream, DifferenceKind Kind, IReadOnlyList<DifferingProperty> Properties);

/// <summary>How row and events can disagree.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DifferenceKind>))]
internal enum DifferenceKind
{
    /// <summary>The row differs from the fold of its events.</summary>
    [JsonStringEnumMemberName("differs")]
    Differs,

    /// <summary>There are events, but no row.</summary>
    [JsonStringEnumMemberName("missing-row")]
    MissingRow,

    /// <summary>
    /// There is a row, but the log lacks events of it that cannot have been archived yet. A repair leaves the row alone: it may be all that
    /// is left.
    /// </summary>
    [JsonStringEnumMemberName("missing-events")]
    MissingEvents,
}

/// <summary>A property whose value differs between row and events.</summary>
/// <param name="Name" example="status">In camel case.</param>
/// <param name="Row">The value in the row.</param>
/// <param name="Log">The value according to the events.</param>
internal sealed record DifferingProperty(string Name, JsonElement Row, JsonElement Log);
