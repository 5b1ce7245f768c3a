using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Storage;

public sealed class ShipmentMapping : IEntityTypeConfiguration<Shipment>
{
    public void Configure(EntityTypeBuilder<Shipment> builder)
    {
        builder.HasKey(s => s.OrderId);
        builder.Property(s => s.OrderId).ValueGeneratedNever();
        builder.Property(s => s.Status).HasConversion<string>().HasMaxLength(20);
        builder.Ignore(s => s.Cause);
        builder.Property(s => s.TrackingNumber).HasMaxLength(100);
        builder.Property(s => s.Lines).IsJson();
        builder.Property(s => s.ShippingAddress).IsJson();

        builder.HasIndex(s => s.Id).IsUnique();

        // Shipments that need a carrier call: few rows, regardless of the size of the table.
        builder.HasIndex(s => s.NextAttemptAt).HasFilter("next_attempt_at IS NOT NULL");
    }
}
