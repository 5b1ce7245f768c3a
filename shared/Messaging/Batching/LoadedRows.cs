using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// The rows that a batch works on, present or known to be absent. They are locked table by table in the order of the entities'
/// names, and within a table in the order of the keys: batches that take their locks in one global order do not deadlock.
/// </summary>
internal sealed class LoadedRows(DbContext database)
{
    private readonly Dictionary<(Type Row, object Key), object?> rows = [];
    private readonly Queue<TableMap> selected = [];

    /// <summary>Adds the statements that read and lock the named rows, except those that are already loaded.</summary>
    public void Select(RowsToLock locks, NpgsqlBatch batch)
    {
        foreach (var (type, keys) in locks.Keys.OrderBy(named => named.Key.FullName, StringComparer.Ordinal))
        {
            var missing = keys.Where(key => rows.TryAdd((type, key), null)).ToArray();
            if (missing.Length == 0)
                continue;
            var table = TableOf(type);
            batch.BatchCommands.Add(table.SelectForUpdate(missing));
            selected.Enqueue(table);
        }
    }

    /// <summary>Reads the results of the statements that <see cref="Select"/> added, and leaves the reader after them.</summary>
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
            : throw new InvalidOperationException($"{typeof(TRow).Name} '{key}' was looked up, but Locks does not name it.");

    public void Added(object row)
    {
        if (TableMap.Of(database, EntityOf(row.GetType())) is { } table)
            rows[(row.GetType(), table.KeyOf(row))] = row;
    }

    private TableMap TableOf(Type type) =>
        TableMap.Of(database, EntityOf(type)) ?? throw new NotSupportedException(
            $"{type.Name} cannot be read in a unit of work: "
            + "it needs a primary key of one property, and no navigations, owned types or concurrency tokens.");

    private IEntityType EntityOf(Type type) =>
        database.Model.FindEntityType(type)
        ?? throw new InvalidOperationException($"{type.Name} is not an entity of {database.GetType().Name}.");
}
