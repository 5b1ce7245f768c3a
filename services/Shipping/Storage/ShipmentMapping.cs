using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Messaging;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Storage;

public sealed class ShipmentMapping : IEntityTypeConfiguration<Shipment>
{
    public void Configure(EntityTypeBuilder<Shipment> builder)
    {
        builder.HasKey(s => s.OrderId);
        builder.Property(s => s.OrderId).ValueGeneratedNever();
        builder.Property(s => s.Status).HasConversion<string>().HasMaxLength(20);
        builder.Property(s => s.TrackingNumber).HasMaxLength(100);
        IsJson(builder.Property(s => s.Lines));
        IsJson(builder.Property(s => s.ShippingAddress));

        builder.HasIndex(s => s.Id).IsUnique();

        // What is owed to the carrier: few rows, whatever the size of the table.
        builder.HasIndex(s => s.NextAttemptAt).HasFilter("next_attempt_at IS NOT NULL");
    }

    // The values are immutable, so another value is another object: nothing is copied or compared in depth.
    private static void IsJson<T>(PropertyBuilder<T> property)
        where T : class => property.HasColumnType("jsonb").HasConversion(
        value => JsonSerializer.Serialize(value, EventTypes.Json),
        json => JsonSerializer.Deserialize<T>(json, EventTypes.Json)!,
        new ValueComparer<T>((a, b) => ReferenceEquals(a, b), value => value.GetHashCode(), value => value));
}
