using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Handlers;
using static OrderPlatform.Inventory.Domain.ReservationStatus;

namespace OrderPlatform.Inventory.Tests.Features;

/// <summary>The effect of ShipmentDispatched on a reservation in each state.</summary>
public sealed class ShipStockTests
{
    [Fact]
    public void ShipmentDispatched_ships_reserved_stock() =>
        Assert.Equal(Given.ShipmentDispatched, ShipStock.Decide(Given.Reservation(Reserved), Given.ShipmentDispatched).Happened);

    [Fact]
    public void ShipmentDispatched_changes_nothing_the_second_time() =>
        Assert.Equal(Decision.Nothing, ShipStock.Decide(Given.Reservation(Shipped), Given.ShipmentDispatched));

    [Fact]
    public void ShipmentDispatched_waits_for_OrderPlaced() => Assert.Equal(Decision.Defer, ShipStock.Decide(null, Given.ShipmentDispatched));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Released)]
    public void ShipmentDispatched_contradicts_an_order_without_stock(ReservationStatus status) =>
        Assert.Throws<InvalidOperationException>(() => ShipStock.Decide(Given.Reservation(status), Given.ShipmentDispatched));
}
