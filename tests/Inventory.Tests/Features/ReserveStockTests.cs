using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Inventory.Tests.Features;

/// <summary>The effect of OrderPlaced on the stock of its lines.</summary>
public sealed class ReserveStockTests
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
    public void An_order_that_has_been_answered_is_not_answered_again()
    {
        var placed = Given.Placed(Given.OrderId, new OrderLine("chair", 2));

        var decision = ReserveStock.Decide(new Reservation(placed), placed, _ => 9, Given.Now);

        Assert.Equal(Decision.Nothing, decision);
    }

    private static object? Answer(Dictionary<string, long> stock, params OrderLine[] lines) =>
        ReserveStock.Decide(null, Given.Placed(Given.OrderId, lines), sku => stock.GetValueOrDefault(sku), Given.Now).Happened;
}
