using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Handlers;
using static OrderPlatform.Inventory.Domain.ReservationStatus;

namespace OrderPlatform.Inventory.Tests.Features;

/// <summary>The effect of OrderCancelled on a reservation in each state.</summary>
public sealed class ReleaseStockTests
{
    [Fact]
    public void OrderCancelled_releases_reserved_stock() => Assert.Equal(
        new StockReleased(Given.OrderId, Given.Now), ReleaseStock.Decide(Given.Reservation(Reserved), Given.OrderId, Given.Now).Happened);

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Released)]
    public void OrderCancelled_releases_nothing_else(ReservationStatus status) =>
        Assert.Equal(Decision.Nothing, ReleaseStock.Decide(Given.Reservation(status), Given.OrderId, Given.Now));

    [Fact]
    public void OrderCancelled_waits_for_OrderPlaced() =>
        Assert.Equal(Decision.Defer, ReleaseStock.Decide(null, Given.OrderId, Given.Now));

    [Fact]
    public void OrderCancelled_contradicts_a_dispatch() =>
        Assert.Throws<InvalidOperationException>(() => ReleaseStock.Decide(Given.Reservation(Shipped), Given.OrderId, Given.Now));
}
