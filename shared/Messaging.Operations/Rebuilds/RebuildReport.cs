using System.Text.Json;
using Microsoft.EntityFrameworkCore.Metadata;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>The result of comparing some streams.</summary>
internal sealed class RebuildReport
{
    private readonly List<Difference> differences = [];
    private readonly List<EventSourcedEntity> repairable = [];

    public int Checked { get; private set; }

    public int Skipped { get; private set; }

    public IReadOnlyList<Difference> Differences => differences;

    /// <summary>The differing streams that have all their events, so that the row can be repaired.</summary>
    public IReadOnlyList<EventSourcedEntity> Repairable => repairable;

    public void Compared(EventSourcedEntity row, IReadOnlyList<(IProperty Property, object? Row, object? Log)> differing)
    {
        Checked++;
        if (differing.Count == 0)
            return;
        repairable.Add(row);
        differences.Add(new Difference(
            row.StreamId,
            DifferenceKind.Differs,
            [.. differing.Select(d => new DifferingProperty(
                JsonNamingPolicy.CamelCase.ConvertName(d.Property.Name), Json(d.Row), Json(d.Log)))]));
    }

    public void WithoutRow(EventSourcedEntity stream, bool hasAllEvents)
    {
        Checked++;
        if (hasAllEvents)
            repairable.Add(stream);
        differences.Add(new Difference(stream.StreamId, hasAllEvents ? DifferenceKind.MissingRow : DifferenceKind.MissingEvents, []));
    }

    public void WithoutAllEvents(EventSourcedEntity row, bool mayBeArchived)
    {
        Checked++;
        if (mayBeArchived)
            Skipped++;
        else
            differences.Add(new Difference(row.StreamId, DifferenceKind.MissingEvents, []));
    }

    private static JsonElement Json(object? value) => JsonSerializer.SerializeToElement(value, EventTypes.Json);
}
