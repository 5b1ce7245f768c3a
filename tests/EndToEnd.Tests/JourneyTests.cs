using System.Net;

namespace OrderPlatform.EndToEnd.Tests;

public sealed class JourneyTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task An_order_is_reserved_confirmed_shipped_and_delivered()
    {
        var (cable, chair) = (await Shop.Stock(10), await Shop.Stock(5));

        var order = await Shop.Place([(cable, 3), (chair, 5)]);
        await Shop.Becomes(order, "shipped");

        await Eventually.Is(async () => await Shop.StockOf(cable) == (7, 0) && await Shop.StockOf(chair) == (0, 0));
        var shipment = (await Shop.Shipment(order))!.Value;
        Assert.Equal("dispatched", shipment.GetProperty("status").GetString());
        var seen = (await Shop.Get(order)).GetProperty("shipment");
        Assert.Equal(shipment.GetProperty("trackingNumber").GetString(), seen.GetProperty("trackingNumber").GetString());

        await Shop.Deliver(shipment.GetProperty("shipmentId").GetGuid());
        await Shop.Becomes(order, "delivered");

        Assert.Equal(["OrderPlaced", "OrderConfirmed", "OrderShipped", "OrderDelivered"], await Shop.History(order));
        await Shop.Balance(cable, [order]);
        await Shop.Balance(chair, [order]);
    }

    [Fact]
    public async Task An_order_without_enough_stock_is_rejected_with_every_shortage()
    {
        var (plenty, few) = (await Shop.Stock(10), await Shop.Stock(2));
        var unknown = $"unknown-{Guid.NewGuid():N}";

        var order = await Shop.Place([(plenty, 1), (few, 3), (unknown, 4)]);
        await Shop.Becomes(order, "rejected");

        var shortages = (await Shop.Get(order)).GetProperty("rejection").GetProperty("shortages").EnumerateArray().Select(shortage => (
            shortage.GetProperty("sku").GetString()!,
            shortage.GetProperty("requested").GetInt32(),
            shortage.GetProperty("available").GetInt32()));
        Assert.Equal([(few, 3, 2), (unknown, 4, 0)], shortages);
        Assert.Equal((10, 0), await Shop.StockOf(plenty));
        Assert.Equal(["OrderPlaced", "OrderRejected"], await Shop.History(order));
        Assert.Equal((HttpStatusCode.Conflict, "order-rejected"), await Shop.Cancel(order));
        await Shop.Balance(few, [order]);
    }

    [Fact]
    public async Task One_trace_connects_the_request_with_the_events_of_all_services()
    {
        var sku = await Shop.Stock(1);
        var trace = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());

        var order = await Shop.Place([(sku, 1)], traceParent: $"00-{trace}-00f067aa0ba902b7-01");
        await Shop.Becomes(order, "shipped");

        Assert.Equal(["OrderPlaced", "OrderConfirmed", "OrderShipped"], await EventsOfTrace(Orders, order, trace));
        Assert.Equal(["StockReserved"], await EventsOfTrace(Inventory, order, trace));
        Assert.Equal(["ShipmentDispatched"], await EventsOfTrace(Shipping, order, trace));
    }

    [Fact]
    public async Task Only_one_of_64_concurrent_orders_for_the_last_unit_is_shipped()
    {
        var sku = await Shop.Stock(1);

        var orders = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Shop.Place(sku)));

        var ends = await Shop.Balance(sku, orders);
        Assert.Equal(1, ends["Shipped"]);
        Assert.Equal(63, ends["Rejected"]);
    }

    private static async Task<IReadOnlyList<string>> EventsOfTrace(Service service, Guid order, string trace)
    {
        await using var command = service.Database.Source.CreateCommand(
            $"""
             SELECT split_part(type, ':', 2) FROM messaging.event_log
             WHERE correlation_id = '{order}' AND trace_parent LIKE '00-{trace}-%'
             ORDER BY position
             """);
        await using var reader = await command.ExecuteReaderAsync();
        var events = new List<string>();
        while (await reader.ReadAsync())
            events.Add(reader.GetString(0));
        return events;
    }
}
