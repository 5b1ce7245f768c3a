using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Features;
using static OrderPlatform.Shipping.Domain.ShipmentStatus;

namespace OrderPlatform.Shipping.Tests.Features;

/// <summary>The effect of OrderConfirmed with each kind of carrier.</summary>
public sealed class CreateShipmentTests
{
    [Theory]
    [InlineData(CarrierMode.Simulator)]
    [InlineData(CarrierMode.Http)]
    public void OrderConfirmed_waits_for_the_carrier(CarrierMode mode)
    {
        var shipment = Given.Shipment(Pending);

        Assert.Equal(Decision.Nothing, CreateShipment.Decide(shipment, mode, Given.Now));
        Assert.Equal(Given.Now, shipment.NextAttemptAt);
    }

    [Fact]
    public void OrderConfirmed_dispatches_at_once_where_there_is_no_carrier()
    {
        var shipment = Given.Shipment(Pending);

        var dispatched = CreateShipment.Decide(shipment, CarrierMode.Instant, Given.Now);

        Assert.Equal(new ShipmentDispatched(Given.OrderId, shipment.Id, Given.Lines, $"OP{shipment.Id:N}", Given.Now), dispatched);
    }
}
