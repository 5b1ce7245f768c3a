using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Storage;

public sealed class OrdersDb(DbContextOptions<OrdersDb> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    public DbSet<IdempotencyKey> IdempotencyKeys => Set<IdempotencyKey>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.AddMessaging().ApplyConfigurationsFromAssembly(typeof(OrdersDb).Assembly);
}
