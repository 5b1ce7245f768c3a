using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Maps a value that belongs to one row alone, such as the lines of an order, to a column instead of a table.</summary>
public static class JsonColumn
{
    /// <summary>Stores the value as <c>jsonb</c>. It must be immutable: only a new object counts as a change.</summary>
    public static PropertyBuilder<T> IsJson<T>(this PropertyBuilder<T> property) => property
        .HasColumnType("jsonb")
        .HasConversion(
            value => JsonSerializer.Serialize(value, EventTypes.Json),
            json => JsonSerializer.Deserialize<T>(json, EventTypes.Json)!,
            new ValueComparer<T>((a, b) => ReferenceEquals(a, b), value => value == null ? 0 : value.GetHashCode(), value => value));
}
