using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;

namespace OrderPlatform.Orders.Tests.Features;

public sealed class HistoryTests(OrdersService orders) : IClassFixture<OrdersService>
{
    [Fact]
    public async Task Shows_an_order_as_it_was_at_any_time()
    {
        var id = await orders.PlaceUntil(OrderStatus.Delivered);
        var history = (await orders.History(id)).Events;

        var statuses = new List<OrderStatus>();
        foreach (var happened in history)
            statuses.Add((await AsOf(id, happened.OccurredAt)).Status);

        Assert.Equal([OrderStatus.Placed, OrderStatus.Confirmed, OrderStatus.Shipped, OrderStatus.Delivered], statuses);
        var now = await orders.Get(id);
        Assert.Equivalent(now, await AsOf(id, history[^1].OccurredAt));
        Assert.Equivalent(now, await AsOf(id, DateTimeOffset.UtcNow.AddDays(1)));
        Assert.Null((await AsOf(id, history[1].OccurredAt)).Shipment);
    }

    [Fact]
    public async Task An_order_does_not_exist_before_it_is_placed()
    {
        var id = await orders.Place();
        var placedAt = (await orders.History(id)).Events[0].OccurredAt;

        var response = await Get($"/orders/{id}?asOf={placedAt.AddMicroseconds(-1):O}");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("order-not-found", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Says_that_the_history_is_archived_instead_of_guessing()
    {
        var (whole, half, gone) = (
            await orders.Place(), await orders.PlaceUntil(OrderStatus.Delivered), await orders.PlaceUntil(OrderStatus.Rejected));
        var placedAt = (await orders.History(half)).Events[0].OccurredAt;
        await orders.Database.Scalar<long>(
            $"""
             WITH archived AS (
                 DELETE FROM messaging.event_log WHERE stream = '{gone}' OR stream = '{half}' AND sequence <= 2 RETURNING 1)
             SELECT count(*) FROM archived
             """);

        foreach (var order in (Guid[])[half, gone])
        {
            var response = await Get($"/orders/{order}?asOf={DateTimeOffset.UtcNow:O}");
            Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
            Assert.Equal(
                "order-history-archived", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
            Assert.Equal(HttpStatusCode.OK, (await Get($"/orders/{order}")).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await Get($"/orders/{half}?asOf={placedAt.AddMinutes(-1):O}")).StatusCode);
        Assert.Equal((true, 1), Shown(await orders.History(whole)));
        Assert.Equal((false, 2), Shown(await orders.History(half)));
        Assert.Equal((false, 0), Shown(await orders.History(gone)));
        Assert.Equal(HttpStatusCode.NotFound, (await Get($"/orders/{Guid.NewGuid()}/history")).StatusCode);

        static (bool, int) Shown(OrderHistory history) => (history.IsWhole, history.Events.Count);
    }

    [Fact]
    public async Task Keeps_the_events_of_an_order_until_it_ends()
    {
        var placed = new Dictionary<OrderStatus, Guid>();
        foreach (var status in Enum.GetValues<OrderStatus>())
            placed[status] = await orders.PlaceUntil(status);

        var open = await orders.Open();

        OrderStatus[] ended = [OrderStatus.Rejected, OrderStatus.Cancelled, OrderStatus.Delivered];
        Assert.All(placed, order => Assert.Equal(!ended.Contains(order.Key), open.Contains(order.Value.ToString())));
    }

    [Fact]
    public async Task Refuses_a_malformed_time_and_names_the_parameter()
    {
        var response = await Get($"/orders/{Guid.NewGuid()}?asOf=yesterday");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["asOf"], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    private async Task<OrderDetails> AsOf(Guid id, DateTimeOffset time) =>
        (await orders.Http.GetFromJsonAsync<OrderDetails>(Escaped($"/orders/{id}?asOf={time:O}"), OrdersService.Json))!;

    private Task<HttpResponseMessage> Get(string path) => orders.Http.GetAsync(new Uri(Escaped(path), UriKind.Relative));

    private static string Escaped(string path) => path.Replace("+", "%2B", StringComparison.Ordinal);
}
