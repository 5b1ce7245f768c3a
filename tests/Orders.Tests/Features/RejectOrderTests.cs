using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using static OrderPlatform.Orders.Domain.OrderStatus;

namespace OrderPlatform.Orders.Tests.Features;

/// <summary>The effect of StockRejected on an order in each state.</summary>
public sealed class RejectOrderTests
{
    [Fact]
    public void StockRejected_rejects_a_placed_order()
    {
        var rejected = RejectOrder.Decide(Given.Order(Placed), Given.StockRejected, Given.Now).Happened;

        Assert.Equal(new OrderRejected(Given.OrderId, Given.Shortages, Given.Now), rejected);
    }

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Cancelled)]
    public void StockRejected_changes_nothing_in_other_states(OrderStatus status) =>
        Assert.Equal(Decision.Nothing, RejectOrder.Decide(Given.Order(status), Given.StockRejected, Given.Now));

    [Theory]
    [InlineData(Confirmed)]
    [InlineData(Cancelling)]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void StockRejected_contradicts_a_reservation(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => RejectOrder.Decide(Given.Order(status), Given.StockRejected, Given.Now));

    [Fact]
    public void StockRejected_waits_for_its_order() =>
        Assert.Equal(Decision.Defer, RejectOrder.Decide(null, Given.StockRejected, Given.Now));
}
