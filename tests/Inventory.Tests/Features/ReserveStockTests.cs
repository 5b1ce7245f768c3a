using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Testing;
using static OrderPlatform.Inventory.Domain.ReservationStatus;

namespace OrderPlatform.Inventory.Tests.Domain;

/// <summary>The effect of each event and request in each state. No host, no database: decisions are pure.</summary>
public sealed class DecideTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(500, 1_000_000)]
    public void OrderPlaced_reserves_when_every_line_is_in_stock(long chairs, long tables)
    {
        var answer = Answer(new() { ["chair"] = chairs, ["table"] = tables }, new("chair", 2), new("table", 1));

        Assert.Equal(new StockReserved(Given.OrderId, Given.Now), answer);
    }

    [Fact]
    public void OrderPlaced_is_rejected_with_exactly_the_lines_that_fall_short()
    {
        var answer = Answer(
            new() { ["chair"] = 1, ["lamp"] = 9, ["table"] = 0 }, new("chair", 2), new("lamp", 9), new("table", 1), new("unicorn", 3));

        var rejected = Assert.IsType<StockRejected>(answer);
        Assert.Equal([new("chair", 2, 1), new("table", 1, 0), new("unicorn", 3, 0)], rejected.Shortages);
        Assert.Equal((Given.OrderId, Given.Now), (rejected.OrderId, rejected.RejectedAt));
    }

    [Fact]
    public void OrderCancelled_releases_reserved_stock() => Assert.Equal(
        new StockReleased(Given.OrderId, Given.Now), ReleaseStock.Decide(Given.Reservation(Reserved), Given.OrderId, Given.Now).Happened);

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Released)]
    public void OrderCancelled_releases_nothing_else(ReservationStatus status) =>
        Assert.Equal(Decision.Nothing, ReleaseStock.Decide(Given.Reservation(status), Given.OrderId, Given.Now));

    [Fact]
    public void OrderCancelled_waits_for_OrderPlaced() =>
        Assert.Equal(Decision.Defer, ReleaseStock.Decide(null, Given.OrderId, Given.Now));

    [Fact]
    public void OrderCancelled_contradicts_a_dispatch() =>
        Assert.Throws<InvalidOperationException>(() => ReleaseStock.Decide(Given.Reservation(Shipped), Given.OrderId, Given.Now));

    [Fact]
    public void ShipmentDispatched_ships_reserved_stock() =>
        Assert.Equal(Given.ShipmentDispatched, ShipStock.Decide(Given.Reservation(Reserved), Given.ShipmentDispatched).Happened);

    [Fact]
    public void ShipmentDispatched_changes_nothing_the_second_time() =>
        Assert.Equal(Decision.Nothing, ShipStock.Decide(Given.Reservation(Shipped), Given.ShipmentDispatched));

    [Fact]
    public void ShipmentDispatched_waits_for_OrderPlaced() => Assert.Equal(Decision.Defer, ShipStock.Decide(null, Given.ShipmentDispatched));

    [Theory]
    [InlineData(Rejected)]
    [InlineData(Released)]
    public void ShipmentDispatched_contradicts_an_order_without_stock(ReservationStatus status) =>
        Assert.Throws<InvalidOperationException>(() => ShipStock.Decide(Given.Reservation(status), Given.ShipmentDispatched));

    [Theory]
    [InlineData(Reserved)]
    [InlineData(Rejected)]
    [InlineData(Released)]
    [InlineData(Shipped)]
    public void Every_status_is_reached_by_events(ReservationStatus status) => Assert.Equal(status, Given.Reservation(status).Status);

    [Fact]
    public void A_new_reference_is_recorded() => Assert.Equal(
        new StockReceived("chair", 5, "note-1", Given.Now),
        ReceiveStock.Decide(null, "chair", new ReceiptRequest(5, "note-1"), Given.Now).Happened);

    [Fact]
    public void A_reference_counts_once() =>
        Assert.Equal(
            Decision.Nothing, ReceiveStock.Decide(new Receipt("chair:note-1", 5), "chair", new ReceiptRequest(5, "note-1"), Given.Now));

    [Fact]
    public void A_reference_cannot_change_its_quantity() => Assert.Equal(
        "reference-used",
        ReceiveStock.Decide(new Receipt("chair:note-1", 5), "chair", new ReceiptRequest(6, "note-1"), Given.Now).Refusal?.Code);

    [Fact]
    public void Stock_refuses_to_go_below_zero()
    {
        var chairs = new StockItem("chair");

        Assert.Throws<InvalidOperationException>(() => chairs.Fold(new UnitsReserved(1)));
        Assert.Throws<InvalidOperationException>(() => chairs.Fold(new UnitsReleased(1)));
        Assert.Throws<InvalidOperationException>(() => chairs.Fold(new UnitsShipped(1)));
    }

    private static object? Answer(Dictionary<string, long> stock, params OrderLine[] lines) =>
        ReserveStock.Decide(Given.Placed(Given.OrderId, lines), sku => stock.GetValueOrDefault(sku), Given.Now).Happened;
}
