using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;

namespace OrderPlatform.Orders.Tests.Features;

public sealed class ReadOrderTests(OrdersService orders) : IClassFixture<OrdersService>
{
    [Fact]
    public async Task Shows_the_status_of_the_shipment()
    {
        var order = await orders.Get(await orders.PlaceUntil(OrderStatus.Delivered));

        Assert.Equal(Given.Lines, order.Lines);
        Assert.Equal(Given.Address, order.ShippingAddress);
        Assert.NotNull(order.ConfirmedAt);
        Assert.Equal(
            new Shipment(Given.ShipmentId, "SIM-1", Given.ShipmentDispatched.DispatchedAt, Given.ShipmentDelivered.DeliveredAt),
            order.Shipment);
        Assert.Null(order.Rejection);
        Assert.Null(order.Cancellation);
    }

    [Fact]
    public async Task Shows_which_lines_fell_short()
    {
        var order = await orders.Get(await orders.PlaceUntil(OrderStatus.Rejected));

        Assert.Equal(Given.Shortages, order.Rejection!.Shortages);
    }

    [Fact]
    public async Task Shows_the_whole_history_with_its_data()
    {
        var begin = DateTimeOffset.UtcNow;
        var id = await orders.PlaceUntil(OrderStatus.Cancelled);

        var history = await orders.History(id);

        Assert.Equal(id, history.OrderId);
        Assert.Equal(
            [(1, "OrderPlaced"), (2, "OrderConfirmed"), (3, "OrderCancellationRequested"), (4, "OrderCancelled")],
            history.Events.Select(e => (e.Sequence, e.Type)));
        Assert.All(history.Events, e => Assert.Equal(id, e.Data.GetProperty("orderId").GetGuid()));
        Assert.All(history.Events, e => Assert.InRange(e.OccurredAt, begin, DateTimeOffset.UtcNow));
        Assert.Equal("chair-oak", history.Events[3].Data.GetProperty("lines")[0].GetProperty("sku").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/history")]
    public async Task Returns_404_for_an_unknown_order(string what)
    {
        var response = await orders.Http.GetAsync(new Uri($"/orders/{Guid.CreateVersion7()}{what}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("order-not-found", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Pages_newest_first_through_every_order_while_others_are_placed()
    {
        var customer = $"pages-{Guid.NewGuid():N}";
        var placed = new List<Guid>();
        for (var n = 0; n < 7; n++)
            placed.Add(await orders.Place(customer));

        var seen = new List<Guid>();
        var pages = 0;
        for (Guid? after = null; pages == 0 || after is not null; pages++)
        {
            var page = await List($"customerId={customer}&limit=3" + (after is null ? "" : $"&after={after}"));
            Assert.True(page.Items.Count <= 3);
            seen.AddRange(page.Items.Select(item => item.OrderId));
            after = page.Next;
            await orders.Place(customer);
        }

        Assert.Equal(3, pages);
        Assert.Equal(placed.Order().Reverse(), seen);
    }

    [Fact]
    public async Task Returns_no_next_page_after_a_full_last_page()
    {
        var customer = $"full-{Guid.NewGuid():N}";
        await orders.Place(customer);
        await orders.Place(customer);

        var page = await List($"customerId={customer}&limit=2");

        Assert.Equal(2, page.Items.Count);
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task Lists_by_status_and_customer()
    {
        var customer = $"status-{Guid.NewGuid():N}";
        var shipped = await orders.PlaceUntil(OrderStatus.Shipped, customer);
        var cancelling = await orders.PlaceUntil(OrderStatus.Cancelling, customer);
        await orders.PlaceUntil(OrderStatus.Shipped, "somebody-else");

        Assert.Equal([shipped], (await List($"status=shipped&customerId={customer}")).Items.Select(item => item.OrderId));
        Assert.Equal([cancelling, shipped], (await List($"customerId={customer}")).Items.Select(item => item.OrderId));
        var all = await List("status=shipped");
        Assert.Contains(shipped, all.Items.Select(item => item.OrderId));
        Assert.All(all.Items, item => Assert.Equal(OrderStatus.Shipped, item.Status));
        Assert.Empty((await List("customerId=nobody")).Items);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=many", "limit")]
    [InlineData("after=yesterday", "after")]
    [InlineData("status=lost", "status")]
    [InlineData("status=99", "status")]
    public async Task Refuses_a_malformed_parameter_and_names_it(string query, string parameter)
    {
        var response = await orders.Http.GetAsync(new Uri($"/orders?{query}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal([parameter], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    private async Task<OrderPage> List(string query) =>
        (await orders.Http.GetFromJsonAsync<OrderPage>($"/orders?{query}", OrdersService.Json))!;
}
