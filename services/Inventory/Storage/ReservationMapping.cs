using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Contracts;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging;

namespace OrderPlatform.Inventory.Storage;

public sealed class ReservationMapping : IEntityTypeConfiguration<Reservation>
{
    public void Configure(EntityTypeBuilder<Reservation> builder)
    {
        builder.HasKey(r => r.OrderId);
        builder.Property(r => r.OrderId).ValueGeneratedNever();
        builder.Property(r => r.Status).HasConversion<string>().HasMaxLength(20);

        // Lines are immutable, so other lines are another object: nothing is copied or compared in depth.
        builder.Property(r => r.Lines).HasColumnType("jsonb").HasConversion(
            lines => JsonSerializer.Serialize(lines, EventTypes.Json),
            json => JsonSerializer.Deserialize<IReadOnlyList<OrderLine>>(json, EventTypes.Json)!,
            new ValueComparer<IReadOnlyList<OrderLine>>((a, b) => ReferenceEquals(a, b), lines => lines.GetHashCode(), lines => lines));
    }
}
