using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Query;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Reads and writes many rows of one table with one statement of a batch, where Entity Framework would send a separate statement for each
/// row it writes and each table it reads. The rows are still entities, created and tracked by Entity Framework.
/// </summary>
internal sealed class TableMap
{
    private static readonly ConcurrentDictionary<IEntityType, TableMap?> Maps = [];

    private readonly string table;
    private readonly ColumnMap[] columns;
    private readonly ColumnMap key;
    private readonly Func<MaterializationContext, object> materialize;
    private readonly string insert;
    private readonly string select;
    private readonly string selectMissing;

    private TableMap(string table, ColumnMap[] columns, Func<MaterializationContext, object> materialize)
    {
        (this.table, this.columns, this.materialize) = (table, columns, materialize);
        key = Array.Find(columns, column => column.IsKey)!;
        insert = $"INSERT INTO {table} ({Names(columns)}) SELECT {Values(columns)} FROM {Arrays(columns)}";
        // Columns by name: a column that a newer version has added must not change the result of a prepared statement.
        select = $"SELECT {Names(columns)} FROM {table} WHERE {key.Name} = ANY($1) ORDER BY {key.Name} FOR UPDATE";
        selectMissing = $"SELECT k FROM unnest($1) AS k WHERE NOT EXISTS (SELECT FROM {table} WHERE {key.Name} = k)";
    }

    /// <summary>
    /// Null for an entity that cannot be mapped here: with a composite key, foreign keys, concurrency tokens, or properties that the class
    /// does not declare.
    /// </summary>
    public static TableMap? Of(DbContext database, IEntityType entity) =>
        Maps.TryGetValue(entity, out var map) ? map : Maps.GetOrAdd(entity, TryCreate(database, entity));

    /// <summary>Whether changes can be written here: no deletes, and no values that the database generates.</summary>
    public bool Takes(EntityState state, object[] rows) => state switch
    {
        EntityState.Added => !rows.Any(row => Array.Exists(columns, column => column.IsToBeGenerated(row))),
        EntityState.Modified => true,
        _ => false,
    };

    public NpgsqlBatchCommand Insert(object[] rows) => Command(insert, columns.Select(column => column.Array(rows)));

    public NpgsqlBatchCommand Update(EntityEntry[] entries)
    {
        // The rows are locked, so writing a column that only other rows have changed writes back its old value.
        var changed = Array.FindAll(
            columns, column => !column.IsKey && Array.Exists(entries, row => row.Property(column.Property).IsModified));
        ColumnMap[] used = [key, .. changed];
        var assignments = string.Join(", ", changed.Select(column => $"{column.Name} = {column.Value}"));
        var rows = Array.ConvertAll(entries, entry => entry.Entity);
        return Command(
            $"UPDATE {table} AS t SET {assignments} FROM {Arrays(used)} WHERE t.{key.Name} = {key.Value}",
            used.Select(column => column.Array(rows)));
    }

    /// <summary>Reads and locks rows, in the order of their keys.</summary>
    public NpgsqlBatchCommand SelectForUpdate(IEnumerable<object> keys) => Command(select, [key.ArrayOf(keys)]);

    /// <summary>Reads the next rows in the order of their keys, without locks: those after a key, or the first ones.</summary>
    public NpgsqlBatchCommand SelectAfter(object? after, int count) => Command(
        $"SELECT {Names(columns)} FROM {table} {(after is null ? "" : $"WHERE {key.Name} > ($1)[1]")} ORDER BY {key.Name} LIMIT {count}",
        after is null ? [] : [key.ArrayOf([after])]);

    /// <summary>Selects the keys that no row has; <see cref="ReadKey"/> reads them.</summary>
    public NpgsqlBatchCommand SelectMissing(IEnumerable<object> keys) => Command(selectMissing, [key.ArrayOf(keys)]);

    public object ReadKey(NpgsqlDataReader reader) => key.Read(reader, 0)!;

    /// <summary>The reader's current row, tracked, and its key.</summary>
    public (object Key, object Row) Read(DbContext database, NpgsqlDataReader reader)
    {
        var values = new object?[columns.Length];
        for (var i = 0; i < columns.Length; i++)
            values[columns[i].Property.GetIndex()] = columns[i].Read(reader, i);
        var row = materialize(new MaterializationContext(new ValueBuffer(values), database));
        database.Entry(row).State = EntityState.Unchanged;
        return (KeyOf(row), row);
    }

    public Type KeyType => key.Property.ClrType;

    public object KeyOf(object row) => key.ValueOf(row)!;

    private static TableMap? TryCreate(DbContext database, IEntityType entity)
    {
        var properties = entity.GetProperties().ToArray();
        var plain = !entity.IsOwned() && entity.BaseType is null && !entity.GetDirectlyDerivedTypes().Any()
            && !entity.GetForeignKeys().Any() && !entity.GetNavigations().Any() && !entity.GetComplexProperties().Any()
            && entity.GetTableName() is not null
            && entity.FindPrimaryKey() is { Properties.Count: 1 }
            && Array.TrueForAll(properties, property => property.PropertyInfo is not null && !property.IsConcurrencyToken);
        if (!plain)
            return null;
        var schema = entity.GetSchema() is { } name ? $"\"{name}\"." : "";
        return new TableMap(
            $"{schema}\"{entity.GetTableName()}\"",
            Array.ConvertAll(properties, ColumnMap.For),
            database.GetService<IStructuralTypeMaterializerSource>().GetMaterializer(entity));
    }

    private static NpgsqlBatchCommand Command(string sql, IEnumerable<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    private static string Names(ColumnMap[] columns) => string.Join(", ", columns.Select(column => column.Name));

    private static string Values(ColumnMap[] columns) => string.Join(", ", columns.Select(column => column.Value));

    private static string Arrays(ColumnMap[] columns) =>
        $"unnest({string.Join(", ", Enumerable.Range(1, columns.Length).Select(i => $"${i}"))}) AS v ({Names(columns)})";
}
