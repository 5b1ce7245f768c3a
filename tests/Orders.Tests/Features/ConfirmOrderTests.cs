using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using static OrderPlatform.Orders.Domain.OrderStatus;

namespace OrderPlatform.Orders.Tests.Domain;

/// <summary>The effect of each incoming event on an order in each state. No host, no database: decisions are pure.</summary>
public sealed class DecideTests
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
        AssertNothing(ConfirmOrder.Decide(Given.Order(status), Given.StockReserved, Given.Now));

    [Fact]
    public void StockReserved_contradicts_a_rejection() =>
        Assert.Throws<ContradictionException>(() => ConfirmOrder.Decide(Given.Order(Rejected), Given.StockReserved, Given.Now));

    [Fact]
    public void StockReserved_waits_for_its_order() =>
        AssertDeferred(ConfirmOrder.Decide(null, Given.StockReserved, Given.Now));

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
        AssertNothing(RejectOrder.Decide(Given.Order(status), Given.StockRejected, Given.Now));

    [Theory]
    [InlineData(Confirmed)]
    [InlineData(Cancelling)]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void StockRejected_contradicts_a_reservation(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => RejectOrder.Decide(Given.Order(status), Given.StockRejected, Given.Now));

    [Fact]
    public void StockRejected_waits_for_its_order() =>
        AssertDeferred(RejectOrder.Decide(null, Given.StockRejected, Given.Now));

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
        AssertDeferred(ShipOrder.Decide(OrderOrNone(status), Given.ShipmentDispatched));

    [Theory]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void ShipmentDispatched_changes_nothing_the_second_time(OrderStatus status) =>
        AssertNothing(ShipOrder.Decide(Given.Order(status), Given.ShipmentDispatched));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Cancelled)]
    public void ShipmentDispatched_contradicts_a_cancelled_or_rejected_order(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => ShipOrder.Decide(Given.Order(status), Given.ShipmentDispatched));

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
        AssertDeferred(DeliverOrder.Decide(OrderOrNone(status), Given.ShipmentDelivered));

    [Fact]
    public void ShipmentDelivered_changes_nothing_the_second_time() =>
        AssertNothing(DeliverOrder.Decide(Given.Order(Delivered), Given.ShipmentDelivered));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Cancelled)]
    public void ShipmentDelivered_contradicts_a_cancelled_or_rejected_order(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => DeliverOrder.Decide(Given.Order(status), Given.ShipmentDelivered));

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
        AssertDeferred(CompleteCancellation.Decide(OrderOrNone(status), Given.ShipmentCancelled, Given.Now));

    [Fact]
    public void ShipmentCancelled_changes_nothing_the_second_time() =>
        AssertNothing(CompleteCancellation.Decide(Given.Order(Cancelled), Given.ShipmentCancelled, Given.Now));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Shipped)]
    [InlineData(Delivered)]
    public void ShipmentCancelled_contradicts_a_dispatch_and_a_rejection(OrderStatus status) =>
        Assert.Throws<ContradictionException>(() => CompleteCancellation.Decide(Given.Order(status), Given.ShipmentCancelled, Given.Now));

    private static Order? OrderOrNone(OrderStatus? status) => status is { } known ? Given.Order(known) : null;

    private static void AssertNothing<TEvent>(Decision<TEvent> decision)
        where TEvent : class => Assert.Equal(Decision.Nothing, decision);

    private static void AssertDeferred<TEvent>(Decision<TEvent> decision)
        where TEvent : class => Assert.Equal(Decision.Defer, decision);
}
