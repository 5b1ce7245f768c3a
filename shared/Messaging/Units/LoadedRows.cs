using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace OrderPlatform.Messaging;

/// <summary>
/// The rows a group works on, present or known to be absent. They are locked table by table in the order of the entities'
/// names, and within a table in the order of the keys: every group takes its locks in one global order, so none deadlock.
/// </summary>
internal sealed class LoadedRows(DbContext database)
{
    private static readonly ConcurrentDictionary<IEntityType, RowLoader> Loaders = [];

    private readonly Dictionary<(Type Row, object Key), object?> rows = [];

    public async Task Load(ReadSet reads, CancellationToken cancellation)
    {
        foreach (var (type, keys) in reads.Keys.OrderBy(named => named.Key.FullName, StringComparer.Ordinal))
        {
            foreach (var key in keys)
                rows[(type, key)] = null;
            var loader = LoaderOf(type);
            foreach (var row in await loader.Load(database, keys, cancellation))
                rows[(type, loader.KeyOf(row))] = row;
        }
    }

    public TRow? Find<TRow>(object key)
        where TRow : class =>
        rows.TryGetValue((typeof(TRow), key), out var row)
            ? (TRow?)row
            : throw new InvalidOperationException($"{typeof(TRow).Name} '{key}' was looked for, but Reads does not name it.");

    public void Added(object row)
    {
        var type = row.GetType();
        rows[(type, LoaderOf(type).KeyOf(row))] = row;
    }

    private RowLoader LoaderOf(Type type) =>
        Loaders.GetOrAdd(
            database.Model.FindEntityType(type) ?? throw new InvalidOperationException($"{type.Name} is not an entity of {database.GetType().Name}."),
            RowLoader.For);
}

/// <summary>Loads and locks rows of one entity type by primary key.</summary>
internal abstract class RowLoader
{
    public abstract object KeyOf(object row);

    public abstract Task<IReadOnlyList<object>> Load(DbContext database, IReadOnlyCollection<object> keys, CancellationToken cancellation);

    public static RowLoader For(IEntityType entity)
    {
        if (entity.FindPrimaryKey() is not { Properties: [{ PropertyInfo: not null } key] })
            throw new NotSupportedException($"{entity.ClrType.Name} needs a primary key of one property to be read in a unit of work.");
        return (RowLoader)Activator.CreateInstance(typeof(RowLoader<,>).MakeGenericType(entity.ClrType, key.ClrType), entity, key)!;
    }
}

internal sealed class RowLoader<TRow, TKey>(IEntityType entity, IProperty key) : RowLoader
    where TRow : class
    where TKey : notnull
{
    private readonly Func<TRow, TKey> keyOf = key.PropertyInfo!.GetMethod!.CreateDelegate<Func<TRow, TKey>>();
    private readonly string sql = SelectForUpdate(entity, key);

    public override object KeyOf(object row) => keyOf((TRow)row);

    public override async Task<IReadOnlyList<object>> Load(
        DbContext database, IReadOnlyCollection<object> keys, CancellationToken cancellation) =>
        await database.Set<TRow>().FromSqlRaw(sql, keys.Cast<TKey>().ToArray()).ToListAsync(cancellation);

    private static string SelectForUpdate(IEntityType entity, IProperty key)
    {
        var table = entity.GetSchema() is { } schema ? $"\"{schema}\".\"{entity.GetTableName()}\"" : $"\"{entity.GetTableName()}\"";
        var column = $"\"{key.GetColumnName()}\"";
        // By name: a column that a newer version has added must not change the result of a prepared statement.
        var columns = string.Join(", ", entity.GetProperties().Select(property => $"\"{property.GetColumnName()}\""));
        return $"SELECT {columns} FROM {table} WHERE {column} = ANY({{0}}) ORDER BY {column} FOR UPDATE";
    }
}
