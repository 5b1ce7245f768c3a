using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace OrderPlatform.Messaging.Batching;

/// <summary>One column of a table. Its values in many rows are sent to the database as one array.</summary>
internal abstract class ColumnMap(IProperty property)
{
    public IProperty Property => property;

    public bool IsKey { get; } = property.IsPrimaryKey();

    public string Name { get; } = $"\"{property.GetColumnName()}\"";

    /// <summary>SQL for one element of the array, cast to the column's type.</summary>
    public string Value => $"v.{Name}::{property.GetColumnType()}";

    public static ColumnMap For(IProperty property)
    {
        var type = property.GetTypeMapping().Converter?.ProviderClrType ?? property.ClrType;
        if (type.IsValueType && property.IsNullable && Nullable.GetUnderlyingType(type) is null)
            type = typeof(Nullable<>).MakeGenericType(type);
        return (ColumnMap)Activator.CreateInstance(typeof(ColumnMap<>).MakeGenericType(type), property)!;
    }

    public abstract object? ValueOf(object row);

    public abstract bool IsToBeGenerated(object row);

    /// <summary>The column's current values in these rows.</summary>
    public abstract NpgsqlParameter Array(object[] rows);

    /// <summary>These values of the property, converted to the column's type.</summary>
    public abstract NpgsqlParameter ArrayOf(IEnumerable<object> values);

    /// <summary>The property's value in the reader's current row.</summary>
    public abstract object? Read(NpgsqlDataReader reader, int ordinal);
}

/// <param name="property">The property that the column holds.</param>
/// <typeparam name="T">The type in which the column's values are sent and read.</typeparam>
internal sealed class ColumnMap<T>(IProperty property) : ColumnMap(property)
{
    private readonly IClrPropertyGetter getter = property.GetGetter();
    private readonly Func<object?, object?>? write = property.GetTypeMapping().Converter?.ConvertToProvider;
    private readonly Func<object?, object?>? read = property.GetTypeMapping().Converter?.ConvertFromProvider;

    public override object? ValueOf(object row) => getter.GetClrValue(row);

    public override bool IsToBeGenerated(object row) =>
        Property.ValueGenerated != ValueGenerated.Never && EqualityComparer<T>.Default.Equals(Converted(ValueOf(row)), default);

    public override NpgsqlParameter Array(object[] rows) =>
        new NpgsqlParameter<T[]> { TypedValue = System.Array.ConvertAll(rows, row => Converted(ValueOf(row))) };

    public override NpgsqlParameter ArrayOf(IEnumerable<object> values) =>
        new NpgsqlParameter<T[]> { TypedValue = [.. values.Select(Converted)] };

    public override object? Read(NpgsqlDataReader reader, int ordinal)
    {
        object? value = reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<T>(ordinal);
        return read is null || value is null ? value : read(value);
    }

    private T Converted(object? value) => (T)(write is null || value is null ? value : write(value))!;
}
