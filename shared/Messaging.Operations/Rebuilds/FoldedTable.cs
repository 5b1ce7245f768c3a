using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Jobs;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>A table whose rows are folds of streams: reads rows and events, and compares them.</summary>
/// <param name="database">The service's database, in a transaction.</param>
/// <param name="fold">The entity, and how its rows begin.</param>
internal sealed class FoldedTable(DbContext database, RowFold fold, EventTypes types)
{
    private readonly IEntityType entity = database.Model.FindEntityType(fold.Row)
        ?? throw new JobFailedException($"{fold.Row.Name} is not an entity of {database.GetType().Name}.");

    private TableMap Table => TableMap.Of(database, entity)
        ?? throw new JobFailedException($"{fold.Row.Name} cannot be rebuilt: its mapping is one that units of work cannot read.");

    /// <summary>The next rows, in the order of their keys.</summary>
    /// <param name="after">The key of the last row before them, as JSON; null for the first rows.</param>
    /// <param name="count">The maximum number of rows to return.</param>
    public Task<List<EventSourcedEntity>> RowsAfter(JsonElement? after, int count, CancellationToken cancellationToken) =>
        Rows(Table.SelectAfter(after?.Deserialize(Table.KeyType, EventTypes.Json), count), cancellationToken);

    /// <summary>Locks and returns the rows of some streams, if they exist.</summary>
    public Task<List<EventSourcedEntity>> Lock(IEnumerable<EventSourcedEntity> streams, CancellationToken cancellationToken) =>
        Rows(Table.SelectForUpdate(streams.Select(KeyOf)), cancellationToken);

    public object KeyOf(EventSourcedEntity row) => Table.KeyOf(row);

    public JsonElement JsonKeyOf(EventSourcedEntity row) => JsonSerializer.SerializeToElement(KeyOf(row), EventTypes.Json);

    /// <summary>A new row for each stream that has none and begins between two positions (after the first, up to the second).</summary>
    public async Task<List<EventSourcedEntity>> StreamsWithoutRow(long after, long until, CancellationToken cancellationToken)
    {
        var firsts = await database.Set<LoggedEvent>().AsNoTracking()
            .Where(e => e.Position > after && e.Position <= until && e.Event.Type == fold.FirstEvent && e.Event.Sequence == 1)
            .ToListAsync(cancellationToken);
        var begun = firsts.Select(Begin).ToDictionary(KeyOf);
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Table.SelectMissing(begun.Keys));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var missing = new List<EventSourcedEntity>();
        while (await reader.ReadAsync(cancellationToken))
            missing.Add(begun[Table.ReadKey(reader)]);
        return missing;
    }

    /// <summary>Folds some streams of the log: a new row for each stream whose events are all there, from the first without gaps.</summary>
    public async Task<Dictionary<string, EventSourcedEntity>> Fold(IEnumerable<EventSourcedEntity> streams, CancellationToken cancellationToken)
    {
        var names = streams.Select(row => row.StreamId).ToArray();
        var events = await database.Set<LoggedEvent>().AsNoTracking()
            .Where(logged => names.Contains(logged.Event.Stream))
            .ToListAsync(cancellationToken);
        return events.GroupBy(logged => logged.Event.Stream)
            .Select(stream => stream.OrderBy(logged => logged.Event.Sequence).ToArray())
            .Where(stream => stream[0].Event.Type == fold.FirstEvent && stream.Index().All(e => e.Item.Event.Sequence == e.Index + 1))
            .ToDictionary(stream => stream[0].Event.Stream, Fold);
    }

    /// <summary>The properties in which a row differs from the fold of its events.</summary>
    public IEnumerable<(IProperty Property, object? Row, object? Log)> Compare(EventSourcedEntity row, EventSourcedEntity folded)
    {
        foreach (var property in entity.GetProperties())
        {
            var (ours, theirs) = (property.GetGetter().GetClrValue(row), property.GetGetter().GetClrValue(folded));
            var convert = property.GetTypeMapping().Converter?.ConvertToProvider ?? (value => value);
            if (!property.GetProviderValueComparer().Equals(convert(ours), convert(theirs)))
                yield return (property, ours, theirs);
        }
    }

    private EventSourcedEntity Begin(LoggedEvent first) => Apply(first, () => fold.Begin(types.Read(first.Event)));

    private EventSourcedEntity Fold(LoggedEvent[] stream)
    {
        var row = Begin(stream[0]);
        foreach (var logged in stream)
            Apply(logged, () => row.Advance(types.Read(logged.Event)));
        return row;
    }

    private async Task<List<EventSourcedEntity>> Rows(NpgsqlBatchCommand select, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(select);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var rows = new List<EventSourcedEntity>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add((EventSourcedEntity)Table.Read(database, reader).Row);
        return rows;
    }

    private static T Apply<T>(LoggedEvent logged, Func<T> apply)
    {
        try
        {
            return apply();
        }
        catch (Exception exception)
        {
            throw new JobFailedException(
                $"Event {logged.Event.Sequence} of stream '{logged.Event.Stream}', {EventTypes.ShortNameOf(logged.Event.Type)}, cannot be applied: "
                + exception.Message,
                exception);
        }
    }
}
