using System.Net.Http.Json;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Orders.Tests.Metrics;

public sealed class MetricsTests : IAsyncLifetime
{
    private readonly OrdersService orders = new() { Settings = { ["Messaging:SampleInterval"] = "00:00:00.250" } };

    public ValueTask InitializeAsync() => orders.InitializeAsync();

    public ValueTask DisposeAsync() => orders.DisposeAsync();

    [Fact]
    public async Task Every_series_is_exported_as_0_before_the_first_order()
    {
        await Becomes("""orders_by_status{status="placed"}""", 0);

        var scrape = await Scrape.Of(orders.Services);

        string[] outcomes = ["placed", "confirmed", "rejected", "cancellation_requested", "cancelled", "shipped", "delivered"];
        Assert.All(outcomes, outcome => Assert.Equal(0, scrape[$$"""orders_outcomes_total{outcome="{{outcome}}"}"""]));
        string[] states = ["placed", "confirmed", "rejected", "cancelling", "cancelled", "shipped", "delivered"];
        Assert.All(states, status => Assert.Equal(0, scrape[$$"""orders_by_status{status="{{status}}"}"""]));
        Assert.Equal(0, scrape["orders_time_to_ship_seconds_count"]);
        Assert.Equal(0, scrape[Posts(201)]);
        Assert.Equal(0, scrape[Posts(503)]);
        Assert.Equal(0, scrape["""messaging_handled_total{queue="orders",event="ShipmentDispatched"}"""]);
    }

    [Fact]
    public async Task Time_to_ship_is_measured_once_from_POST_to_commit()
    {
        var id = await orders.PlaceUntil(OrderStatus.Confirmed);
        var dispatched = Given.ShipmentDispatched with { OrderId = id };

        await orders.Deliver(dispatched);
        await orders.Deliver(dispatched);

        var scrape = await Scrape.Of(orders.Services);
        var took = (await orders.Get(id)).PlacedAt;
        Assert.Equal(1, scrape["orders_time_to_ship_seconds_count"]);
        Assert.InRange(scrape["orders_time_to_ship_seconds_sum"]!.Value, 0, (DateTimeOffset.UtcNow - took).TotalSeconds);
        Assert.Equal(1, scrape["""orders_outcomes_total{outcome="shipped"}"""]);
    }

    [Fact]
    public async Task A_repeated_request_counts_as_one_order()
    {
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = JsonContent.Create(Given.Request()) };
            request.Headers.Add("Idempotency-Key", "once");
            (await orders.Http.SendAsync(request, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        // The request is measured after its response has been sent.
        await Becomes(Posts(201), 3);
        var scrape = await Scrape.Of(orders.Services);
        Assert.Equal(1, scrape["""orders_outcomes_total{outcome="placed"}"""]);
    }

    [Fact]
    public async Task Many_orders_are_counted_in_flight_and_estimated_once_completed()
    {
        await orders.Database.Scalar<long>(
            """
            WITH placed AS (
                INSERT INTO orders (id, customer_id, status, lines, shipping_address, placed_at, version)
                SELECT gen_random_uuid(), 'customer-7', CASE WHEN n <= 12000 THEN 'Placed' ELSE 'Shipped' END, '[]', '{}', now(), 1
                FROM generate_series(1, 42000) AS n
                RETURNING 1)
            SELECT count(*) FROM placed
            """);

        await Becomes("""orders_by_status{status="placed"}""", 12_000);
        await Eventually.Is(async () => (await Scrape.Of(orders.Services))["""orders_by_status{status="shipped"}"""] >= 10_000);

        await using (var analyze = orders.Database.Source.CreateCommand("ANALYZE orders"))
            await analyze.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await Eventually.Is(async () =>
            (await Scrape.Of(orders.Services))["""orders_by_status{status="shipped"}"""] is > 28_500 and < 31_500);
        Assert.Equal(0, (await Scrape.Of(orders.Services))["""orders_by_status{status="delivered"}"""]);
    }

    [Fact]
    public async Task The_connection_pool_is_identified_by_its_name_not_its_connection_string()
    {
        await orders.Place();

        var scrape = await Scrape.Of(orders.Services);

        var pools = scrape.Labels("db_client_connection_count")["db_client_connection_pool_name"];
        Assert.Contains("orders", pools);
        Assert.Contains("orders relay", pools);

        // The test's own connections are exported as well; they have no application name.
        Assert.All(pools, pool => Assert.DoesNotContain("Application Name", pool, StringComparison.Ordinal));
    }

    private static string Posts(int status) =>
        $$"""http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="{{status}}","""
        + """http_route="/orders/"}""";

    private Task Becomes(string series, double value) => Scrape.Becomes(orders.Services, series, value);
}
