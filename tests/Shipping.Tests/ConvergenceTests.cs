using CsCheck;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Tests;

/// <summary>
/// An order's events lead to the same state in any arrival order, with duplicates, one by one or together. A duplicate has the same id,
/// like a redelivery, or another id, like a replay after the inbox has forgotten the event.
/// </summary>
public sealed class ConvergenceTests : ShippingTest
{
    /// <summary>Confirmed, perhaps cancelled; doubled and shuffled; and whether each is delivered together with the previous one.</summary>
    private static readonly Gen<(bool Cancelled, Arrival[] Arrivals)> Arrivals =
        from cancelled in Gen.Bool
        let events = cancelled ? 2 : 1
        from replayed in Gen.Bool.Array[events]
        from order in Gen.Shuffle(Enumerable.Range(0, events * 2).ToArray())
        from together in Gen.Bool.Array[events * 2]
        select (cancelled, order.Select((n, i) => new Arrival(n / 2, n % 2 == 1 && replayed[n / 2], together[i])).ToArray());

    [Theory]
    [InlineData(50)]
    [InlineData(500, Explicit = true)]
    public async Task Without_a_carrier_every_arrival_order_ends_dispatched(int samples)
    {
        var shipping = await Start(("Carrier:Mode", "Instant"));

        await Arrivals.SampleAsync(
            async sample =>
            {
                var orderId = await Deliver(shipping, sample.Arrivals);

                // The dispatch is part of the confirmation, so a cancellation always comes too late.
                var shipment = await shipping.Get(orderId);
                Assert.Equal((ShipmentStatus.Dispatched, $"OP{shipment.ShipmentId:N}"), (shipment.Status, shipment.TrackingNumber));
                Assert.Equal(["ShipmentDispatched"], await shipping.Log(orderId));
                Assert.Equal(0, await shipping.Deferred());
            },
            iter: samples,
            threads: 1);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(500, Explicit = true)]
    public async Task A_cancellation_while_the_carrier_is_down_wins_in_every_arrival_order(int samples)
    {
        Carrier.Answer = (_, _) => Task.FromResult(500);
        var shipping = await Start();

        await Arrivals.SampleAsync(
            async sample =>
            {
                var orderId = await Deliver(shipping, sample.Arrivals);

                var status = (await shipping.Get(orderId)).Status;
                Assert.Equal(sample.Cancelled ? ShipmentStatus.Cancelled : ShipmentStatus.Pending, status);
                Assert.Equal(sample.Cancelled ? ["ShipmentCancelled"] : [], await shipping.Log(orderId));
                Assert.Equal(0, await shipping.Deferred());
            },
            iter: samples,
            threads: 1);
    }

    private static async Task<Guid> Deliver(ShippingService shipping, Arrival[] arrivals)
    {
        var orderId = Guid.CreateVersion7();
        object[] events = [Given.Confirmed(orderId), Given.CancellationRequested(orderId)];
        Guid[] ids = [Guid.CreateVersion7(), Guid.CreateVersion7()];
        var group = new List<Task>();
        foreach (var (n, replayed, together) in arrivals)
        {
            if (!together)
                await Task.WhenAll(group);
            group.Add(shipping.Deliver(events[n], replayed ? Guid.CreateVersion7() : ids[n]));
        }

        await Task.WhenAll(group);
        return orderId;
    }

    private sealed record Arrival(int Event, bool Replayed, bool Together);
}
