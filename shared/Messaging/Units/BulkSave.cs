using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace OrderPlatform.Messaging;

/// <summary>
/// Writes the changed rows of a group with one statement for each table, where Entity Framework would write one for each row: the
/// values travel as arrays. What it has no words for (deletes, values the database generates, foreign keys) is left to SaveChanges.
/// </summary>
internal static class BulkSave
{
    private static readonly ConcurrentDictionary<IEntityType, TableWriter?> Writers = [];

    /// <summary>Adds the statements to a batch.</summary>
    /// <returns>False, and nothing is added, when the changes need SaveChanges.</returns>
    public static bool TryAdd(DbContext database, NpgsqlBatch batch)
    {
        var changes = database.ChangeTracker.Entries()
            .Where(entry => entry.State is not (EntityState.Unchanged or EntityState.Detached))
            .GroupBy(entry => (entry.Metadata, entry.State))
            .OrderBy(group => group.Key.Metadata.Name, StringComparer.Ordinal)
            .Select(group => (Writer: Writers.GetOrAdd(group.Key.Metadata, TableWriter.TryCreate), group.Key.State, Rows: group.ToArray()))
            .ToArray();
        if (!Array.TrueForAll(changes, change => change.Writer?.Takes(change.State, change.Rows) == true))
            return false;
        foreach (var (writer, state, rows) in changes)
            batch.BatchCommands.Add(state == EntityState.Added ? writer!.Insert(rows) : writer!.Update(rows));
        return true;
    }
}

/// <summary>The statements of one table.</summary>
internal sealed class TableWriter
{
    private readonly string table;
    private readonly ColumnWriter[] columns;
    private readonly string insert;

    private TableWriter(string table, ColumnWriter[] columns)
    {
        (this.table, this.columns) = (table, columns);
        insert = $"INSERT INTO {table} ({Names(columns)}) SELECT {Values(columns)} FROM {Arrays(columns)}";
    }

    /// <summary>Null when the table needs SaveChanges.</summary>
    public static TableWriter? TryCreate(IEntityType entity)
    {
        var properties = entity.GetProperties().ToArray();
        var plain = !entity.IsOwned() && entity.BaseType is null && !entity.GetForeignKeys().Any() && entity.GetTableName() is not null
            && entity.FindPrimaryKey() is { Properties.Count: 1 }
            && Array.TrueForAll(properties, property => property.PropertyInfo is not null && !property.IsConcurrencyToken);
        if (!plain)
            return null;
        var schema = entity.GetSchema() is { } name ? $"\"{name}\"." : "";
        return new TableWriter($"{schema}\"{entity.GetTableName()}\"", Array.ConvertAll(properties, ColumnWriter.For));
    }

    /// <summary>Whether the changes can be written here: no deletes, and nothing that the database is to generate.</summary>
    public bool Takes(EntityState state, EntityEntry[] rows) => state switch
    {
        EntityState.Added => !rows.Any(row => Array.Exists(columns, column => column.IsToBeGenerated(row.Entity))),
        EntityState.Modified => true,
        _ => false,
    };

    public NpgsqlBatchCommand Insert(EntityEntry[] rows) => Command(insert, columns, rows);

    public NpgsqlBatchCommand Update(EntityEntry[] rows)
    {
        // The rows are locked, so a column that only others of them change keeps its value.
        var changed = Array.FindAll(columns, column => !column.IsKey && Array.Exists(rows, row => row.Property(column.Property).IsModified));
        var key = Array.Find(columns, column => column.IsKey)!;
        ColumnWriter[] used = [key, .. changed];
        var assignments = string.Join(", ", changed.Select(column => $"{column.Name} = {column.Value}"));
        return Command($"UPDATE {table} AS t SET {assignments} FROM {Arrays(used)} WHERE t.{key.Name} = {key.Value}", used, rows);
    }

    private static NpgsqlBatchCommand Command(string sql, ColumnWriter[] columns, EntityEntry[] rows)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in columns)
            command.Parameters.Add(column.Parameter(rows));
        return command;
    }

    private static string Names(ColumnWriter[] columns) => string.Join(", ", columns.Select(column => column.Name));

    private static string Values(ColumnWriter[] columns) => string.Join(", ", columns.Select(column => column.Value));

    private static string Arrays(ColumnWriter[] columns) =>
        $"unnest({string.Join(", ", Enumerable.Range(1, columns.Length).Select(i => $"${i}"))}) AS v ({Names(columns)})";
}

/// <summary>One column of many rows, as an array.</summary>
internal abstract class ColumnWriter(IProperty property)
{
    public IProperty Property => property;

    public bool IsKey { get; } = property.IsPrimaryKey();

    public string Name { get; } = $"\"{property.GetColumnName()}\"";

    /// <summary>The array's element, in the column's own type.</summary>
    public string Value => $"v.{Name}::{property.GetColumnType()}";

    public static ColumnWriter For(IProperty property)
    {
        var type = property.GetTypeMapping().Converter?.ProviderClrType ?? property.ClrType;
        if (type.IsValueType && property.IsNullable && Nullable.GetUnderlyingType(type) is null)
            type = typeof(Nullable<>).MakeGenericType(type);
        return (ColumnWriter)Activator.CreateInstance(typeof(ColumnWriter<>).MakeGenericType(type), property)!;
    }

    public abstract bool IsToBeGenerated(object row);

    public abstract NpgsqlParameter Parameter(EntityEntry[] rows);
}

internal sealed class ColumnWriter<T>(IProperty property) : ColumnWriter(property)
{
    private readonly IClrPropertyGetter getter = property.GetGetter();
    private readonly Func<object?, object?>? convert = property.GetTypeMapping().Converter?.ConvertToProvider;

    public override bool IsToBeGenerated(object row) =>
        Property.ValueGenerated != ValueGenerated.Never && EqualityComparer<T>.Default.Equals(ValueOf(row), default);

    public override NpgsqlParameter Parameter(EntityEntry[] rows) =>
        new NpgsqlParameter<T[]> { TypedValue = Array.ConvertAll(rows, row => ValueOf(row.Entity)) };

    private T ValueOf(object row)
    {
        var value = getter.GetClrValue(row);
        return (T)(convert is null || value is null ? value : convert(value))!;
    }
}
