using System.Net;

namespace OrderPlatform.EndToEnd.Tests;

public sealed class CancellationTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task A_placed_order_is_cancelled_at_once_and_its_stock_released()
    {
        var sku = await Shop.Stock(5);
        await Inventory.Stop();
        var order = await Shop.Place(sku, 5);

        Assert.Equal((HttpStatusCode.Accepted, "cancelled"), await Shop.Cancel(order));

        await (await Inventory.Start()).Ready();
        await Shop.Balance(sku, [order]);
        Assert.Equal((5, 0), await Shop.StockOf(sku));
        Assert.Equal(["OrderPlaced", "OrderCancelled"], await Shop.History(order));
        Assert.Equal((HttpStatusCode.Conflict, "order-cancelled"), await Shop.Cancel(order));
    }

    [Fact]
    public async Task A_confirmed_order_is_cancelled_by_Shipping_before_it_is_dispatched()
    {
        await Platform.SetCarrier(Platform.CarrierDelay, failureRate: 1);
        var sku = await Shop.Stock(5);
        var order = await Shop.Place(sku, 5);
        await Shop.Becomes(order, "confirmed");

        Assert.Equal((HttpStatusCode.Accepted, "cancelling"), await Shop.Cancel(order));

        await Shop.Becomes(order, "cancelled");
        await Platform.SetCarrier(Platform.CarrierDelay);
        await Shop.Balance(sku, [order]);
        Assert.Equal((5, 0), await Shop.StockOf(sku));
        Assert.Equal(["OrderPlaced", "OrderConfirmed", "OrderCancellationRequested", "OrderCancelled"], await Shop.History(order));
        await Eventually.Is(
            async () => (await Shop.Shipment(order))!.Value.GetProperty("nextAttemptAt").ValueKind == System.Text.Json.JsonValueKind.Null,
            description: "the carrier's booking is undone");
    }

    [Fact]
    public async Task A_shipped_order_cannot_be_cancelled()
    {
        var sku = await Shop.Stock(1);
        var order = await Shop.Place(sku);
        await Shop.Becomes(order, "shipped");

        Assert.Equal((HttpStatusCode.Conflict, "order-shipped"), await Shop.Cancel(order));
        await Shop.Balance(sku, [order]);
    }

    [Fact]
    public async Task An_order_cancelled_during_dispatch_ends_cancelled_or_shipped_never_both()
    {
        const int Count = 80;
        await Platform.SetCarrier(TimeSpan.FromMilliseconds(100));
        var sku = await Shop.Stock(Count);

        var orders = await Task.WhenAll(Enumerable.Range(0, Count).Select(async number =>
        {
            var order = await Shop.Place(sku);
            await Eventually.Is(async () => await Shop.Status(order) is not "placed");

            // On a slow machine all cancellations might precede the dispatch, so some wait until they are certainly too late.
            if (number % 8 == 0)
                await Shop.Becomes(order, "shipped");
            else
                await Task.Delay(TimeSpan.FromMilliseconds(number * 8));
            var answer = await Shop.Cancel(order);
            Assert.True(answer is (HttpStatusCode.Accepted, "cancelling") or (HttpStatusCode.Conflict, "order-shipped"), $"{answer}");
            return order;
        }));

        var ends = await Shop.Balance(sku, orders);
        Assert.Equal(Count, ends.GetValueOrDefault("Cancelled") + ends["Shipped"]);
        Assert.Equal((ends.GetValueOrDefault("Cancelled"), 0), await Shop.StockOf(sku));
    }
}
