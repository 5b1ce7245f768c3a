using OrderPlatform.Shipping.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Shipping.Tests.Carrier;

public sealed class MetricsTests : ShippingTest
{
    private static readonly string[] Outcomes = ["accepted", "refused", "failed", "timeout"];

    [Theory]
    [InlineData("Http")]
    [InlineData("Instant")]
    public async Task Every_series_is_exported_as_0_before_the_first_call(string mode)
    {
        var shipping = await Start(("Carrier:Mode", mode));

        var scrape = await Scrape.Of(shipping.Services);

        Assert.All(Outcomes, outcome => Assert.Equal(0, Counted(scrape, outcome)));
        Assert.Equal(0, scrape["shipping_carrier_call_duration_seconds_count"]);
        Assert.Equal(0, scrape["shipping_carrier_circuit_state"]);
    }

    [Fact]
    public async Task Every_attempt_is_counted_by_its_outcome()
    {
        Carrier.Answer = (_, _) => Task.FromResult(Carrier.Calls.Count switch { 1 => 503, 2 => 429, _ => 200 });
        var shipping = await Start();

        await shipping.Becomes(await shipping.Confirm(), ShipmentStatus.Dispatched);

        var scrape = await Scrape.Of(shipping.Services);
        Assert.Equal([1, 0, 2, 0], Outcomes.Select(outcome => Counted(scrape, outcome)));
        Assert.Equal(3, scrape["shipping_carrier_call_duration_seconds_count"]);
    }

    [Fact]
    public async Task A_refusal_is_not_counted_as_a_failure()
    {
        Carrier.Answer = (_, _) => Task.FromResult(Carrier.Calls.Count == 1 ? 422 : 200);
        var shipping = await Start();

        await shipping.Becomes(await shipping.Confirm(), ShipmentStatus.Dispatched);

        var scrape = await Scrape.Of(shipping.Services);
        Assert.Equal([1, 1, 0, 0], Outcomes.Select(outcome => Counted(scrape, outcome)));
    }

    [Fact]
    public async Task A_missing_answer_counts_as_a_timeout_a_dropped_connection_as_a_failure()
    {
        Carrier.Answer = async (_, _) =>
        {
            if (Carrier.Calls.Count == 1)
                await Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
            return 200;
        };
        var shipping = await Start(("Carrier:Resilience:AttemptTimeout:Timeout", "00:00:01"));
        await shipping.Becomes(await shipping.Confirm(), ShipmentStatus.Dispatched);
        var scrape = await Scrape.Of(shipping.Services);
        // On a slow machine, more answers may be too late.
        Assert.True(Counted(scrape, "timeout") >= 1);
        Assert.Equal(0, Counted(scrape, "failed"));

        Carrier.LosesAnswers = true;
        await shipping.Confirm();

        await Eventually.Is(async () => Counted(await Scrape.Of(shipping.Services), "failed") > 0);
    }

    [Fact]
    public async Task The_opening_and_closing_of_the_circuit_are_exported()
    {
        Carrier.Answer = (_, _) => Task.FromResult(500);
        var shipping = await Start(
            ("Carrier:Resilience:CircuitBreaker:MinimumThroughput", "2"),
            ("Carrier:Resilience:CircuitBreaker:BreakDuration", "00:00:00.500"));
        await shipping.Confirm();
        await Scrape.Becomes(shipping.Services, "shipping_carrier_circuit_state", 2);

        Carrier.Answer = (_, _) => Task.FromResult(200);

        await Scrape.Becomes(shipping.Services, "shipping_carrier_circuit_state", 0);
    }

    private static double? Counted(Scrape scrape, string outcome) => scrape[$$"""shipping_carrier_calls_total{outcome="{{outcome}}"}"""];
}
