using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using static OrderPlatform.Orders.Domain.OrderStatus;

namespace OrderPlatform.Orders.Tests.Features;

/// <summary>The effect of StockReserved on an order in each state.</summary>
public sealed class ConfirmOrderTests
{
    [Fact]
    public void StockReserved_confirms_a_placed_order()
    {
        var order = Given.Order(Placed);

        var confirmed = ConfirmOrder.Decide(order, Given.StockReserved, Given.Now).Happened;

        Assert.Equal(new OrderConfirmed(order.Id, order.Lines, order.ShippingAddress, Given.Now), confirmed);
    }

    [Theory]
    [InlineData(Confirmed)]
    [InlineData(Cancelling)]
    [InlineData(Cancelled)]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void StockReserved_changes_nothing_in_other_states(OrderStatus status) =>
        Assert.Equal(Decision.Nothing, ConfirmOrder.Decide(Given.Order(status), Given.StockReserved, Given.Now));

    [Fact]
    public void StockReserved_contradicts_a_rejection() =>
        Assert.Throws<ContradictionException>(() => ConfirmOrder.Decide(Given.Order(Rejected), Given.StockReserved, Given.Now));

    [Fact]
    public void StockReserved_waits_for_its_order() =>
        Assert.Equal(Decision.Defer, ConfirmOrder.Decide(null, Given.StockReserved, Given.Now));
}
