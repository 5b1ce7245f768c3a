using Microsoft.EntityFrameworkCore;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging;

namespace OrderPlatform.Inventory.Storage;

public sealed class InventoryDb(DbContextOptions<InventoryDb> options) : DbContext(options)
{
    public DbSet<StockItem> Stock => Set<StockItem>();

    public DbSet<Reservation> Reservations => Set<Reservation>();

    public DbSet<Receipt> Receipts => Set<Receipt>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder
        .AddMessaging()
        .ApplyConfigurationsFromAssembly(typeof(InventoryDb).Assembly);
}
