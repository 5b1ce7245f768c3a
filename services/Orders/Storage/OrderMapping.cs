using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Storage;

/// <summary>One row per order: its parts are JSON columns of the row, not separate tables.</summary>
public sealed class OrderMapping : IEntityTypeConfiguration<Order>
{
    public void Configure(EntityTypeBuilder<Order> builder)
    {
        builder.Property(o => o.Id).ValueGeneratedNever();
        builder.Property(o => o.CustomerId).HasMaxLength(64);
        builder.Property(o => o.Status).HasConversion<string>().HasMaxLength(20);
        builder.Property(o => o.Lines).IsJson();
        builder.Property(o => o.ShippingAddress).IsJson();
        builder.Property(o => o.Rejection).IsJson();
        builder.Property(o => o.Cancellation).IsJson();
        builder.Property(o => o.Shipment).IsJson();

        // For the pages of the list, which are sorted by id.
        builder.HasIndex(o => new { o.CustomerId, o.Id });
        builder.HasIndex(o => new { o.Status, o.Id });
    }
}
