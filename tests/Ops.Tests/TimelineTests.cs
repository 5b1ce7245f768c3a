using Npgsql;

namespace OrderPlatform.Ops.Tests;

public sealed class TimelineTests(OpsPlatform platform) : PageTest(platform)
{
    private ILocator Rows => Page.GetByRole(AriaRole.Table, new() { Name = "The timeline" }).GetByRole(AriaRole.Row);

    [Fact]
    public async Task Shows_the_events_of_an_order_in_all_services_and_what_caused_them()
    {
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");

        await Open(Shipping, "timeline");
        await Page.GetByLabel("Stream, such as an order’s id").FillAsync($"{order}");
        await Page.Keyboard.PressAsync("Enter");

        await Expect(Rows).ToHaveCountAsync(6);
        Assert.Equal(
            [
                "orders OrderPlaced 1 happened a request",
                "inventory StockReserved 1 happened OrderPlaced of orders",
                "orders OrderConfirmed 2 happened StockReserved of inventory",
                "shipping ShipmentDispatched 1 happened OrderConfirmed of orders",
                "orders OrderShipped 3 happened ShipmentDispatched of shipping",
            ],
            await RowTexts());
        var drawing = Page.GetByRole(AriaRole.Img);
        Assert.Equal(["orders", "inventory", "shipping"], await drawing.Locator(".lane text").AllTextContentsAsync());
        Assert.Equal(4, await drawing.Locator("path.arrow").CountAsync());
        await IsAccessible("timeline");
    }

    [Fact]
    public async Task Shows_deferred_events()
    {
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");
        await Defer(order);

        await Open(Orders, $"timeline/{order}");

        await Expect(Rows).ToHaveCountAsync(7);
        Assert.Contains("orders ShipmentDelivered 2 deferred –", await RowTexts());
        await Expect(Page.Locator("svg .mark.deferred")).ToHaveCountAsync(1);
        await Open(Orders, "");
        await Expect(Page.GetByRole(AriaRole.Table, new() { Name = "Deferred events by queue" })).ToContainTextAsync("orders");
        await Orders.Database.Execute($"DELETE FROM messaging.deferred_events WHERE stream = '{order}'");
    }

    [Fact]
    public async Task Names_the_service_that_does_not_answer()
    {
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");
        Expected.Add("ERR_CONNECTION_REFUSED");
        await Inventory.Stop();

        await Open(Orders, $"timeline/{order}");

        await Expect(Page.GetByText("inventory did not answer: its events are missing here.")).ToBeVisibleAsync();
        await Expect(Rows).ToHaveCountAsync(5);
        Assert.Contains("orders OrderPlaced 1 happened a request", await RowTexts());
    }

    /// <summary>Sends an event of the order that waits for one that never arrives.</summary>
    private async Task Defer(Guid order)
    {
        await using var command = Orders.Database.Source.CreateCommand(
            """
            INSERT INTO messaging.deferred_events (event_id, queue, type, stream, sequence, correlation_id, occurred_at, data, retry_at)
            VALUES (
                gen_random_uuid(), 'orders', 'OrderPlatform.Contracts.Shipping:ShipmentDelivered', $1::text, 2, $1, now(), '{}',
                now() + interval '1 day')
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = order });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The rows of the table without their times.</summary>
    private async Task<string[]> RowTexts() =>
        [.. (await Rows.AllInnerTextsAsync()).Skip(1).Select(row => string.Join(' ', row.Split('\t').Skip(1)).Trim())];
}
