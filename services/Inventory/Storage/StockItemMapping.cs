using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderPlatform.Inventory.Domain;

namespace OrderPlatform.Inventory.Storage;

public sealed class StockItemMapping : IEntityTypeConfiguration<StockItem>
{
    public void Configure(EntityTypeBuilder<StockItem> builder)
    {
        // The code never takes more than there is; if it ever tried, the database would refuse.
        builder.ToTable("stock", stock =>
        {
            stock.HasCheckConstraint("ck_stock_available", "available >= 0");
            stock.HasCheckConstraint("ck_stock_reserved", "reserved >= 0");
        });
        builder.HasKey(i => i.Sku);
        builder.Property(i => i.Sku).HasMaxLength(64).UseCollation("C");
    }
}
