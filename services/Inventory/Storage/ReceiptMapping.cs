using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Inventory.Domain;

namespace OrderPlatform.Inventory.Storage;

public sealed class ReceiptMapping : IEntityTypeConfiguration<Receipt>
{
    // A SKU, a colon, a reference.
    public void Configure(EntityTypeBuilder<Receipt> builder) => builder.Property(r => r.Id).HasMaxLength(64 + 1 + 100);
}
