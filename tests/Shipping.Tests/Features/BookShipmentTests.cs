using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Features;
using static OrderPlatform.Shipping.Domain.ShipmentStatus;

namespace OrderPlatform.Shipping.Tests.Features;

/// <summary>The effect of the carrier's answer on a shipment in each state.</summary>
public sealed class BookShipmentTests
{
    [Fact]
    public void A_booking_dispatches_a_pending_shipment()
    {
        var shipment = Given.Shipment(Pending);

        var dispatched = BookShipment.Decide(shipment, "SIM-1", Given.Now);

        Assert.Equal(new ShipmentDispatched(Given.OrderId, shipment.Id, Given.Lines, "SIM-1", Given.Now), dispatched.Happened);
    }

    [Theory]
    [InlineData(Dispatched)]
    [InlineData(Delivered)]
    [InlineData(Cancelled)]
    public void A_booking_dispatches_nothing_else(ShipmentStatus status) =>
        Assert.Equal(Decision.Nothing, BookShipment.Decide(Given.Shipment(status), "SIM-1", Given.Now));
}
