using OrderPlatform.Orders.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Orders.Tests.Metrics;

/// <summary>The metrics of orders in each status. The tests share one instance, so they assert differences.</summary>
public sealed class OutcomeMetricsTests(OutcomeMetricsTests.SampledOrders sampled) : IClassFixture<OutcomeMetricsTests.SampledOrders>
{
    private readonly OrdersService orders = sampled.Orders;

    [Theory]
    [InlineData(OrderStatus.Placed, "placed")]
    [InlineData(OrderStatus.Confirmed, "placed", "confirmed")]
    [InlineData(OrderStatus.Rejected, "placed", "rejected")]
    [InlineData(OrderStatus.Cancelling, "placed", "confirmed", "cancellation_requested")]
    [InlineData(OrderStatus.Cancelled, "placed", "confirmed", "cancellation_requested", "cancelled")]
    [InlineData(OrderStatus.Shipped, "placed", "confirmed", "shipped")]
    [InlineData(OrderStatus.Delivered, "placed", "confirmed", "shipped", "delivered")]
    public async Task An_orders_outcomes_are_counted_and_its_status_is_shown(OrderStatus status, params string[] outcomes)
    {
        var outcomesBefore = await Values("orders_outcomes_total");
        var statesBefore = await orders.Database.Scalar<long>($"SELECT count(*) FROM orders WHERE status = '{status}'");

        await orders.PlaceUntil(status);

        var shown = status.ToString().ToLowerInvariant();
        await Scrape.Becomes(orders.Services, $$"""orders_by_status{status="{{shown}}"}""", statesBefore + 1);
        var counted = (await Values("orders_outcomes_total")).Where(outcome => outcome.Value > outcomesBefore[outcome.Key]).ToArray();
        Assert.Equal(outcomes.Order(), counted.Select(outcome => outcome.Key).Order());
        Assert.All(counted, outcome => Assert.Equal(outcomesBefore[outcome.Key] + 1, outcome.Value));
        var total = await orders.Database.Scalar<long>("SELECT count(*) FROM orders");
        await Eventually.Is(async () => (await Values("orders_by_status")).Values.Sum() == total, "every order is shown once");
    }

    /// <summary>The values of a metric by its only label.</summary>
    private async Task<Dictionary<string, double>> Values(string metric)
    {
        var scrape = await Scrape.Of(orders.Services);
        return scrape.Series
            .Where(series => series.StartsWith($"{metric}{{", StringComparison.Ordinal))
            .ToDictionary(series => series.Split('"')[1], series => scrape[series]!.Value);
    }

    /// <summary>An instance whose gauges are sampled often.</summary>
    public sealed class SampledOrders : IAsyncLifetime
    {
        public OrdersService Orders { get; } = new() { Settings = { ["Messaging:SampleInterval"] = "00:00:00.250" } };

        public ValueTask InitializeAsync() => Orders.InitializeAsync();

        public ValueTask DisposeAsync() => Orders.DisposeAsync();
    }
}
