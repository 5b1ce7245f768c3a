using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// The rows a group works on, present or known to be absent. They are locked table by table in the order of the entities'
/// names, and within a table in the order of the keys: groups that take their locks in one global order do not deadlock.
/// </summary>
internal sealed class LoadedRows(DbContext database)
{
    private readonly Dictionary<(Type Row, object Key), object?> rows = [];
    private readonly Queue<TableMap> selected = [];

    /// <summary>Adds the statements that read and lock those of the named rows that are not here yet.</summary>
    public void Select(RowsToLock reads, NpgsqlBatch batch)
    {
        foreach (var (type, keys) in reads.Keys.OrderBy(named => named.Key.FullName, StringComparer.Ordinal))
        {
            var missing = keys.Where(key => rows.TryAdd((type, key), null)).ToArray();
            if (missing.Length == 0)
                continue;
            var table = TableOf(type);
            batch.BatchCommands.Add(table.SelectForUpdate(missing));
            selected.Enqueue(table);
        }
    }

    /// <summary>Reads the results of what <see cref="Select"/> has added, and leaves the reader behind them.</summary>
    public async Task Read(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        while (selected.TryDequeue(out var table))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var (key, row) = table.Read(database, reader);
                rows[(row.GetType(), key)] = row;
            }

            await reader.NextResultAsync(cancellationToken);
        }
    }

    public TRow? Find<TRow>(object key)
        where TRow : class =>
        rows.TryGetValue((typeof(TRow), key), out var row)
            ? (TRow?)row
            : throw new InvalidOperationException($"{typeof(TRow).Name} '{key}' was looked for, but Reads does not name it.");

    public void Added(object row)
    {
        if (TableMap.Of(database, EntityOf(row.GetType())) is { } table)
            rows[(row.GetType(), table.KeyOf(row))] = row;
    }

    private TableMap TableOf(Type type) =>
        TableMap.Of(database, EntityOf(type)) ?? throw new NotSupportedException(
            $"{type.Name} cannot be read in a unit of work: "
            + "that takes a primary key of one property, and neither navigations, owned types nor concurrency tokens.");

    private IEntityType EntityOf(Type type) =>
        database.Model.FindEntityType(type)
        ?? throw new InvalidOperationException($"{type.Name} is not an entity of {database.GetType().Name}.");
}
