using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace OrderPlatform.Messaging;

/// <summary>A table whose rows are folds of streams: reads both sides, and says how they differ.</summary>
/// <param name="database">In a transaction.</param>
/// <param name="fold">Which table.</param>
/// <param name="types">Reads the events.</param>
internal sealed class FoldedTable(DbContext database, RowFold fold, EventTypes types)
{
    private readonly IEntityType entity = database.Model.FindEntityType(fold.Row)
        ?? throw new JobFailedException($"{fold.Row.Name} is not an entity of {database.GetType().Name}.");

    private TableMap Table => TableMap.Of(database, entity)
        ?? throw new JobFailedException($"{fold.Row.Name} can not be rebuilt: that takes what a unit of work takes to read it.");

    /// <summary>The next rows, in the order of their keys.</summary>
    /// <param name="after">The key of the last row before them, as JSON; null for the first rows.</param>
    /// <param name="count">How many, unless there are no more.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<List<EventStream>> RowsAfter(JsonElement? after, int count, CancellationToken cancellation) =>
        Rows(Table.SelectAfter(after?.Deserialize(Table.KeyType, EventTypes.Json), count), cancellation);

    /// <summary>The rows of some streams, those that there are, locked.</summary>
    public Task<List<EventStream>> Lock(IEnumerable<EventStream> streams, CancellationToken cancellation) =>
        Rows(Table.SelectForUpdate(streams.Select(KeyOf)), cancellation);

    public object KeyOf(EventStream row) => Table.KeyOf(row);

    public JsonElement JsonKeyOf(EventStream row) => JsonSerializer.SerializeToElement(KeyOf(row), EventTypes.Json);

    /// <summary>A new row for each stream that begins between two positions (after the one, up to the other) and has none.</summary>
    public async Task<List<EventStream>> StreamsWithoutRow(long after, long until, CancellationToken cancellation)
    {
        var firsts = await database.Set<LoggedEvent>().AsNoTracking()
            .Where(e => e.Position > after && e.Position <= until && e.Type == fold.FirstEvent && e.Sequence == 1)
            .ToListAsync(cancellation);
        var begun = firsts.Select(Begin).ToDictionary(KeyOf);
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Table.SelectMissing(begun.Keys));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var missing = new List<EventStream>();
        while (await reader.ReadAsync(cancellation))
            missing.Add(begun[Table.ReadKey(reader)]);
        return missing;
    }

    /// <summary>What the log says of some streams: a new row for each whose events are all there, from the first without gaps.</summary>
    public async Task<Dictionary<string, EventStream>> Fold(IEnumerable<EventStream> streams, CancellationToken cancellation)
    {
        var names = streams.Select(row => row.Stream).ToArray();
        var events = await database.Set<LoggedEvent>().AsNoTracking()
            .Where(logged => names.Contains(logged.Stream))
            .ToListAsync(cancellation);
        return events.GroupBy(logged => logged.Stream)
            .Select(stream => stream.OrderBy(logged => logged.Sequence).ToArray())
            .Where(stream => stream[0].Type == fold.FirstEvent && stream.Index().All(e => e.Item.Sequence == e.Index + 1))
            .ToDictionary(stream => stream[0].Stream, Fold);
    }

    /// <summary>The properties in which a row is not what its events say.</summary>
    public IEnumerable<(IProperty Property, object? Row, object? Log)> Compare(EventStream row, EventStream folded)
    {
        foreach (var property in entity.GetProperties())
        {
            var (ours, theirs) = (property.GetGetter().GetClrValue(row), property.GetGetter().GetClrValue(folded));
            var convert = property.GetTypeMapping().Converter?.ConvertToProvider ?? (value => value);
            if (!property.GetProviderValueComparer().Equals(convert(ours), convert(theirs)))
                yield return (property, ours, theirs);
        }
    }

    private EventStream Begin(LoggedEvent first) => Apply(first, () => fold.Begin(types.Read(first.Type, first.Data)));

    private EventStream Fold(LoggedEvent[] stream)
    {
        var row = Begin(stream[0]);
        foreach (var logged in stream)
            Apply(logged, () => row.Advance(types.Read(logged.Type, logged.Data)));
        return row;
    }

    private async Task<List<EventStream>> Rows(NpgsqlBatchCommand select, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(select);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var rows = new List<EventStream>();
        while (await reader.ReadAsync(cancellation))
            rows.Add((EventStream)Table.Read(database, reader).Row);
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
                $"Event {logged.Sequence} of stream '{logged.Stream}', {EventTypes.ShortNameOf(logged.Type)}, can not be applied: "
                + exception.Message,
                exception);
        }
    }
}
