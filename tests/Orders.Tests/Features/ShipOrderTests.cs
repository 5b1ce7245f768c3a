using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using static OrderPlatform.Orders.Domain.OrderStatus;

namespace OrderPlatform.Orders.Tests.Features;

/// <summary>The effect of ShipmentDispatched on an order in each state.</summary>
public sealed class ShipOrderTests
{
    [Theory]
    [InlineData(Confirmed)]
    [InlineData(Cancelling)]
    public void ShipmentDispatched_ships_the_order_even_while_it_is_being_cancelled(OrderStatus status)
    {
        var shipped = ShipOrder.Decide(Given.Order(status), Given.ShipmentDispatched).Happened;

        Assert.Equal(new OrderShipped(Given.OrderId, Given.ShipmentId, "SIM-1", Given.ShipmentDispatched.DispatchedAt), shipped);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Placed)]
    public void ShipmentDispatched_waits_for_StockReserved(OrderStatus? status) =>
        Assert.Equal(Decision.Defer, ShipOrder.Decide(Given.OrderOrNone(status), Given.ShipmentDispatched));

    [Theory]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void ShipmentDispatched_changes_nothing_the_second_time(OrderStatus status) =>
        Assert.Equal(Decision.Nothing, ShipOrder.Decide(Given.Order(status), Given.ShipmentDispatched));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Cancelled)]
    public void ShipmentDispatched_contradicts_a_cancelled_or_rejected_order(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => ShipOrder.Decide(Given.Order(status), Given.ShipmentDispatched));
}
