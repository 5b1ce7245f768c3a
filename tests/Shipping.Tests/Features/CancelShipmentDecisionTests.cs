using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Features;
using static OrderPlatform.Shipping.Domain.ShipmentStatus;

namespace OrderPlatform.Shipping.Tests.Features;

/// <summary>The effect of OrderCancellationRequested on a shipment in each state.</summary>
public sealed class CancelShipmentDecisionTests
{
    [Fact]
    public void OrderCancellationRequested_cancels_a_pending_shipment()
    {
        var shipment = Given.Shipment(Pending);

        var cancelled = CancelShipment.Decide(shipment, "no need", Given.Now);

        Assert.Equal(new ShipmentCancelled(Given.OrderId, shipment.Id, "no need", Given.Now), cancelled);
    }

    [Theory]
    [InlineData(Dispatched)]
    [InlineData(Delivered)]
    [InlineData(Cancelled)]
    public void OrderCancellationRequested_changes_nothing_else(ShipmentStatus status) =>
        Assert.Equal(Decision.Nothing, CancelShipment.Decide(Given.Shipment(status), "no need", Given.Now));
}
