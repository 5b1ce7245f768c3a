using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using static OrderPlatform.Orders.Domain.OrderStatus;

namespace OrderPlatform.Orders.Tests.Features;

/// <summary>The effect of ShipmentCancelled on an order in each state.</summary>
public sealed class CompleteCancellationTests
{
    [Theory]
    [InlineData(Confirmed)]
    [InlineData(Cancelling)]
    public void ShipmentCancelled_cancels_the_order_and_names_the_lines_to_release(OrderStatus status)
    {
        var cancelled = CompleteCancellation.Decide(Given.Order(status), Given.ShipmentCancelled, Given.Now).Happened;

        Assert.Equal(new OrderCancelled(Given.OrderId, Given.Lines, "no need", Given.Now), cancelled);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Placed)]
    public void ShipmentCancelled_waits_for_StockReserved(OrderStatus? status) =>
        Assert.Equal(Decision.Defer, CompleteCancellation.Decide(Given.OrderOrNone(status), Given.ShipmentCancelled, Given.Now));

    [Fact]
    public void ShipmentCancelled_changes_nothing_the_second_time() =>
        Assert.Equal(Decision.Nothing, CompleteCancellation.Decide(Given.Order(Cancelled), Given.ShipmentCancelled, Given.Now));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void ShipmentCancelled_contradicts_a_dispatch_and_a_rejection(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => CompleteCancellation.Decide(Given.Order(status), Given.ShipmentCancelled, Given.Now));
}
