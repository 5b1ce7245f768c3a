using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Features;
using static OrderPlatform.Shipping.Domain.ShipmentStatus;

namespace OrderPlatform.Shipping.Tests.Features;

/// <summary>The effect of a delivery on a shipment in each state.</summary>
public sealed class DeliverShipmentTests
{
    [Fact]
    public void A_dispatched_shipment_can_be_delivered()
    {
        var shipment = Given.Shipment(Dispatched);

        Assert.Equal(new ShipmentDelivered(Given.OrderId, shipment.Id, Given.Now), DeliverShipment.Decide(shipment, Given.Now).Happened);
    }

    [Fact]
    public void A_shipment_is_delivered_once() => Assert.Equal(Decision.Nothing, DeliverShipment.Decide(Given.Shipment(Delivered), Given.Now));

    [Theory]
    [InlineData(Pending, "shipment-pending")]
    [InlineData(Cancelled, "shipment-cancelled")]
    public void A_shipment_that_was_not_dispatched_cannot_be_delivered(ShipmentStatus status, string code) =>
        Assert.Equal(code, DeliverShipment.Decide(Given.Shipment(status), Given.Now).Refusal?.Code);
}
