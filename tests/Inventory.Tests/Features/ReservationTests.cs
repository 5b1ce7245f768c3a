using Npgsql;
using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Inventory.Tests.Features;

public sealed class ReservationTests(InventoryService inventory) : IClassFixture<InventoryService>
{
    [Fact]
    public async Task Sells_the_last_unit_once_to_64_concurrent_orders_at_two_instances()
    {
        var (other, _) = await inventory.Start();
        await using var stop = other;
        for (var round = 0; round < 5; round++)
        {
            var sku = await inventory.Stock(1);
            var orders = Enumerable.Range(0, 64).Select(_ => Given.Placed(Guid.CreateVersion7(), new OrderLine(sku, 1))).ToArray();

            await Task.WhenAll(orders.Select((placed, n) => inventory.Deliver(placed, instance: n % 2 == 0 ? null : other.Services)));

            var answers = await Answers(orders.Select(placed => placed.OrderId));
            Assert.Single(answers.OfType<StockReserved>());
            var rejected = answers.OfType<StockRejected>().ToArray();
            Assert.Equal(63, rejected.Length);
            Assert.All(rejected, answer => Assert.Equal([new StockShortage(sku, 1, 0)], answer.Shortages));
            Assert.Equal(new StockResponse(sku, 0, 1), await inventory.Get(sku));
        }
    }

    [Fact]
    public async Task Keeps_the_events_of_a_reservation_until_it_is_shipped_or_released()
    {
        var sku = await inventory.Stock(100);
        var (reserved, released, shipped, rejected) = (Placed(1), Placed(1), Placed(1), Placed(1_000));
        foreach (var placed in (OrderPlaced[])[reserved, released, shipped, rejected])
            await inventory.Deliver(placed);
        await inventory.Deliver(released.Cancelled());
        await inventory.Deliver(shipped.Dispatched());

        var open = await inventory.Open();

        Assert.Contains(reserved.OrderId.ToString(), open);
        Assert.Empty(open.Intersect([released.OrderId.ToString(), shipped.OrderId.ToString(), rejected.OrderId.ToString(), $"sku:{sku}"]));

        OrderPlaced Placed(int quantity) => Given.Placed(Guid.CreateVersion7(), new OrderLine(sku, quantity));
    }

    [Fact]
    public async Task Reserves_all_lines_or_none_regardless_of_their_order()
    {
        var (other, _) = await inventory.Start();
        await using var stop = other;
        var (scarce, plenty) = (await inventory.Stock(10), await inventory.Stock(1_000));
        OrderLine[] lines = [new(scarce, 1), new(plenty, 2)];
        var orders = Enumerable.Range(0, 64)
            .Select(n => Given.Placed(Guid.CreateVersion7(), n % 3 == 0 ? lines : [.. lines.Reverse()]))
            .ToArray();

        await Task.WhenAll(orders.Select((placed, n) => inventory.Deliver(placed, instance: n % 2 == 0 ? null : other.Services)));

        var answers = await Answers(orders.Select(placed => placed.OrderId));
        Assert.Equal(10, answers.OfType<StockReserved>().Count());
        Assert.Equal(54, answers.OfType<StockRejected>().Count());
        Assert.Equal(new StockResponse(scarce, 0, 10), await inventory.Get(scarce));
        Assert.Equal(new StockResponse(plenty, 980, 20), await inventory.Get(plenty));
    }

    [Fact]
    public async Task Sells_released_units_again()
    {
        var sku = await inventory.Stock(1);
        var first = Given.Placed(Guid.CreateVersion7(), new OrderLine(sku, 1));
        var second = Given.Placed(Guid.CreateVersion7(), new OrderLine(sku, 1));

        await inventory.Deliver(first);
        await inventory.Deliver(first.Cancelled());
        await inventory.Deliver(second);

        Assert.Equal(ReservationStatus.Released, (await inventory.Reservation(first.OrderId))!.Status);
        Assert.Equal(ReservationStatus.Reserved, (await inventory.Reservation(second.OrderId))!.Status);
        Assert.Equal(new StockResponse(sku, 0, 1), await inventory.Get(sku));
    }

    [Fact]
    public async Task Distinguishes_a_SKU_from_an_order_with_the_same_id()
    {
        var orderId = Guid.CreateVersion7();
        var sku = await inventory.Stock(1, orderId.ToString());

        await inventory.Deliver(Given.Placed(orderId, new OrderLine(sku, 1)));

        Assert.IsType<StockReserved>(Assert.Single(await inventory.Log(orderId.ToString())));
        Assert.IsType<StockReceived>(Assert.Single(await inventory.Log($"sku:{sku}")));
    }

    [Fact]
    public async Task Ships_an_order_of_a_hundred_lines()
    {
        var skus = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => inventory.Stock(3)));
        var placed = Given.Placed(Guid.CreateVersion7(), [.. skus.Select(sku => new OrderLine(sku, 2))]);

        await inventory.Deliver(placed);
        await inventory.Deliver(placed.Dispatched());

        foreach (var sku in skus)
            Assert.Equal(new StockResponse(sku, 1, 0), await inventory.Get(sku));
    }

    [Theory]
    [InlineData("available")]
    [InlineData("reserved")]
    public async Task The_database_refuses_negative_quantities(string column)
    {
        var sku = await inventory.Stock(1);
        await using var command = inventory.Database.Source.CreateCommand($"UPDATE stock SET {column} = -1 WHERE sku = '{sku}'");

        var refused = await Assert.ThrowsAsync<PostgresException>(
            () => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));

        Assert.Equal($"ck_stock_{column}", refused.ConstraintName);
    }

    private async Task<object[]> Answers(IEnumerable<Guid> orders)
    {
        var answers = new List<object>();
        foreach (var order in orders)
            answers.Add(Assert.Single(await inventory.Log(order.ToString())));
        return [.. answers];
    }
}
