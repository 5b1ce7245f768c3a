using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;

namespace OrderPlatform.Orders.Tests.Features;

public sealed class CancelOrderTests(OrdersService orders) : IClassFixture<OrdersService>
{
    public static TheoryData<OrderStatus, string> Refusals => new()
    {
        { OrderStatus.Cancelling, "order-cancelling" },
        { OrderStatus.Cancelled, "order-cancelled" },
        { OrderStatus.Rejected, "order-rejected" },
        { OrderStatus.Shipped, "order-shipped" },
        { OrderStatus.Delivered, "order-delivered" },
    };

    [Fact]
    public void Cancels_a_placed_order_at_once_and_names_the_lines_to_release()
    {
        var happened = CancelOrder.Decide(Given.Order(OrderStatus.Placed), "no need", Given.Now).Happened;

        Assert.Equal(new OrderCancelled(Given.OrderId, Given.Lines, "no need", Given.Now), happened);
    }

    [Fact]
    public void Asks_Shipping_about_a_confirmed_order()
    {
        var happened = CancelOrder.Decide(Given.Order(OrderStatus.Confirmed), "no need", Given.Now).Happened;

        Assert.Equal(new OrderCancellationRequested(Given.OrderId, "no need", Given.Now), happened);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Refuses_when_there_is_nothing_left_to_cancel(OrderStatus status, string code) =>
        Assert.Equal(code, CancelOrder.Decide(Given.Order(status), "no need", Given.Now).Refusal?.Code);

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Returns_409_with_the_reason_and_leaves_the_order_unchanged(OrderStatus status, string code)
    {
        var id = await orders.PlaceUntil(status);
        var before = (await orders.History(id)).Events.Count;

        var response = await orders.Cancel(id);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Equal(before, (await orders.History(id)).Events.Count);
    }

    [Theory]
    [InlineData(OrderStatus.Placed, "cancelled")]
    [InlineData(OrderStatus.Confirmed, "cancelling")]
    public async Task Returns_202_with_the_status_of_the_cancellation(OrderStatus status, string expected)
    {
        var id = await orders.PlaceUntil(status);

        var response = await orders.Cancel(id, "too expensive");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/orders/{id}", response.Headers.Location!.OriginalString);
        Assert.Equal(expected, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        Assert.Equal("too expensive", (await orders.Get(id)).Cancellation!.Reason);
    }

    [Fact]
    public async Task A_dispatch_overtakes_the_cancellation()
    {
        var id = await orders.PlaceUntil(OrderStatus.Cancelling);

        await orders.Deliver(Given.ShipmentDispatched with { OrderId = id });

        var order = await orders.Get(id);
        Assert.Equal(OrderStatus.Shipped, order.Status);
        Assert.NotNull(order.Cancellation);
        Assert.Null(order.Cancellation.CancelledAt);
        Assert.Equal("SIM-1", order.Shipment!.TrackingNumber);
        var repeated = await orders.Cancel(id);
        Assert.Equal("order-shipped", (await repeated.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Cancels_once_on_concurrent_requests()
    {
        var id = await orders.Place();

        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => orders.Cancel(id)));

        Assert.Single(responses, response => response.StatusCode == HttpStatusCode.Accepted);
        Assert.Equal(["OrderPlaced", "OrderCancelled"], (await orders.History(id)).Events.Select(e => e.Type));
    }

    [Fact]
    public async Task Returns_404_for_an_unknown_order()
    {
        var response = await orders.Cancel(Guid.CreateVersion7());

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("order-not-found", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"reason\":null}")]
    [InlineData("{\"reason\":\" \"}")]
    public async Task Requires_a_valid_reason(string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        var response = await orders.Http.PostAsync(new Uri($"/orders/{await orders.Place()}/cancellation", UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(problem.GetProperty("errors").TryGetProperty("reason", out _));
    }
}
