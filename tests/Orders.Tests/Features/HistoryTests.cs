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

    [Theory]
    [InlineData("/orders/0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70?asOf=yesterday", "asOf")]
    [InlineData("/ops/events?since=yesterday", "since")]
    [InlineData("/ops/events?until=", "until")]
    [InlineData("/ops/events?type=OrderLost", "type")]
    [InlineData("/ops/events?type=a:%00", "type")]
    [InlineData("/ops/events?stream=%00", "stream")]
    [InlineData("/ops/events?after=first", "after")]
    [InlineData("/ops/events?limit=0", "limit")]
    [InlineData("/ops/events?limit=201", "limit")]
    public async Task Refuses_a_malformed_parameter_and_names_it(string path, string parameter)
    {
        var response = await Get(path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal([parameter], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task Lists_the_events_of_a_stream_the_newest_first_in_pages()
    {
        var id = await orders.PlaceUntil(OrderStatus.Cancelled);
        await orders.Place();

        var events = await Pages($"stream={id}&limit=3");

        Assert.Equal(
            ["OrderCancelled", "OrderCancellationRequested", "OrderConfirmed", "OrderPlaced"],
            events.Select(e => e.GetProperty("type").GetString()!.Split(':')[1]));
        Assert.Equal([4, 3, 2, 1], events.Select(e => e.GetProperty("sequence").GetInt32()));
        Assert.Equal("customer-7", events[^1].GetProperty("data").GetProperty("customerId").GetString());
    }

    [Fact]
    public async Task Lists_every_event_once_while_new_ones_happen()
    {
        for (var n = 0; n < 3; n++)
            await orders.PlaceUntil(OrderStatus.Confirmed);
        var before = await orders.Database.Scalar<long>("SELECT count(*) FROM messaging.event_log");

        var events = await Pages("limit=2", () => orders.Place());

        Assert.Equal(before, events.Count);
        var positions = events.Select(e => e.GetProperty("position").GetInt64()).ToArray();
        Assert.Equal(positions.Distinct().OrderDescending(), positions);
    }

    [Theory]
    [InlineData("OrderRejected")]
    [InlineData("OrderPlatform.Orders.Domain:OrderRejected")]
    public async Task Lists_by_type_and_time(string type)
    {
        var first = await orders.PlaceUntil(OrderStatus.Rejected);
        await orders.PlaceUntil(OrderStatus.Delivered);
        var second = await orders.PlaceUntil(OrderStatus.Rejected);
        var (rejected, later) = ((await orders.History(first)).Events[1].OccurredAt, (await orders.History(second)).Events[1].OccurredAt);

        Assert.Equal([second, first], await Streams($"type={type}&since={rejected:O}"));
        Assert.Equal([first], await Streams($"type={type}&since={rejected:O}&until={later:O}"));
        Assert.Equal([second], await Streams($"type={type}&since={rejected.AddMicroseconds(1):O}"));
        Assert.Empty(await Streams($"type={type}&since={later.AddHours(1):O}"));
        Assert.Equal([first], await Streams($"type={type}&stream={first}"));
    }

    [Fact]
    public async Task Finds_events_by_time_in_a_log_with_gaps()
    {
        await using var service = new OrdersInThePast();
        await service.InitializeAsync();

        foreach (var hour in (int[])[0, 1, 17, 500, 998, 999])
        {
            var since = OrdersInThePast.Begin.AddHours(hour);
            var page = await service.Events($"since={since:O}&until={since.AddHours(1):O}");
            Assert.Equal(hour % 7 == 3 ? [] : [hour], page);
        }

        Assert.Empty(await service.Events($"until={OrdersInThePast.Begin:O}"));
    }

    [Fact]
    public async Task Accepts_the_earliest_and_latest_times()
    {
        await using var service = new OrdersInThePast();
        await service.InitializeAsync();
        var (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z");

        Assert.Equal((await service.Events("limit=200")).Count(), (await service.Events($"limit=200&since={first}&until={last}")).Count());
        Assert.Empty(await service.Events($"since={last}"));
        Assert.Empty(await service.Events($"until={first}"));
    }

    private async Task<IEnumerable<Guid>> Streams(string query) => (await Pages(query)).Select(e => e.GetProperty("stream").GetGuid());

    private async Task<List<JsonElement>> Pages(string query, Func<Task>? meanwhile = null)
    {
        var events = new List<JsonElement>();
        for (long? after = null; ;)
        {
            var page = await orders.Http.GetFromJsonAsync<JsonElement>(
                Escaped($"/ops/events?{query}{(after is null ? "" : $"&after={after}")}"));
            events.AddRange(page.GetProperty("items").EnumerateArray());
            if (page.GetProperty("next").ValueKind == JsonValueKind.Null)
                return events;
            after = page.GetProperty("next").GetInt64();
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
        }
    }

    private async Task<OrderDetails> AsOf(Guid id, DateTimeOffset time) =>
        (await orders.Http.GetFromJsonAsync<OrderDetails>(Escaped($"/orders/{id}?asOf={time:O}"), OrdersService.Json))!;

    private Task<HttpResponseMessage> Get(string path) => orders.Http.GetAsync(new Uri(Escaped(path), UriKind.Relative));

    private static string Escaped(string path) => path.Replace("+", "%2B", StringComparison.Ordinal);

    /// <summary>A thousand hours with one event each, except every seventh, which is a gap.</summary>
    private sealed class OrdersInThePast : IAsyncDisposable
    {
        public static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        private readonly OrdersService service = new();

        public async Task InitializeAsync()
        {
            await service.InitializeAsync();
            await using var command = service.Database.Source.CreateCommand(
                """
                INSERT INTO messaging.event_log (position, event_id, stream, sequence, type, data, correlation_id, occurred_at)
                OVERRIDING SYSTEM VALUE
                SELECT 1000 + n * 10, gen_random_uuid(), 'hour ' || n, 1, 'Any:Thing', '{}', gen_random_uuid(), $1 + n * interval '1 hour'
                FROM generate_series(0, 999) AS n
                WHERE n % 7 <> 3
                """);
            command.Parameters.Add(new Npgsql.NpgsqlParameter<DateTimeOffset> { TypedValue = Begin });
            await command.ExecuteNonQueryAsync();
        }

        public async Task<IEnumerable<int>> Events(string query)
        {
            var page = await service.Http.GetFromJsonAsync<JsonElement>(Escaped($"/ops/events?{query}"));
            return page.GetProperty("items").EnumerateArray().Select(e => int.Parse(e.GetProperty("stream").GetString()![5..], null));
        }

        public ValueTask DisposeAsync() => service.DisposeAsync();
    }
}
