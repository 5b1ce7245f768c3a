using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using static OrderPlatform.Orders.Domain.OrderStatus;

namespace OrderPlatform.Orders.Tests.Features;

/// <summary>The effect of ShipmentDelivered on an order in each state.</summary>
public sealed class DeliverOrderTests
{
    [Fact]
    public void ShipmentDelivered_delivers_a_shipped_order()
    {
        var delivered = DeliverOrder.Decide(Given.Order(Shipped), Given.ShipmentDelivered).Happened;

        Assert.Equal(new OrderDelivered(Given.OrderId, Given.ShipmentDelivered.DeliveredAt), delivered);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Placed)]
    [InlineData(Confirmed)]
    [InlineData(Cancelling)]
    public void ShipmentDelivered_waits_for_ShipmentDispatched(OrderStatus? status) =>
        Assert.Equal(Decision.Defer, DeliverOrder.Decide(Given.OrderOrNone(status), Given.ShipmentDelivered));

    [Fact]
    public void ShipmentDelivered_changes_nothing_the_second_time() =>
        Assert.Equal(Decision.Nothing, DeliverOrder.Decide(Given.Order(Delivered), Given.ShipmentDelivered));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Cancelled)]
    public void ShipmentDelivered_contradicts_a_cancelled_or_rejected_order(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => DeliverOrder.Decide(Given.Order(status), Given.ShipmentDelivered));
}
