using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Features;
using static OrderPlatform.Shipping.Domain.ShipmentStatus;

namespace OrderPlatform.Shipping.Tests.Domain;

/// <summary>The effect of each event, request and carrier answer in each state. No host, no database: decisions are pure.</summary>
public sealed class DecideTests
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

    [Theory]
    [InlineData(Pending)]
    [InlineData(Dispatched)]
    [InlineData(Delivered)]
    [InlineData(Cancelled)]
    public void Every_status_is_reached_by_events(ShipmentStatus status) => Assert.Equal(status, Given.Shipment(status).Status);

    [Theory]
    [InlineData(Dispatched)]
    [InlineData(Delivered)]
    [InlineData(Cancelled)]
    public void Only_a_pending_shipment_has_a_next_attempt(ShipmentStatus status) => Assert.Null(Given.Shipment(status).NextAttemptAt);
}
