using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Storage;

public sealed class ShippingDb(DbContextOptions<ShippingDb> options) : DbContext(options)
{
    public DbSet<Shipment> Shipments => Set<Shipment>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder
        .AddMessaging()
        .ApplyConfigurationsFromAssembly(typeof(ShippingDb).Assembly);
}
