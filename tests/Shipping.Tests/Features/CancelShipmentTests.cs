using OrderPlatform.Shipping.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Shipping.Tests.Features;

public sealed class CancelShipmentTests : ShippingTest
{
    [Fact]
    public async Task Never_books_a_shipment_that_was_cancelled_first()
    {
        var shipping = await Start();
        var orderId = Guid.CreateVersion7();

        // Too early, so it is handled in the transaction that creates the shipment.
        await shipping.Deliver(Given.CancellationRequested(orderId));
        await shipping.Deliver(Given.Confirmed(orderId));
        var other = await shipping.Confirm();
        await shipping.Becomes(other, ShipmentStatus.Dispatched);

        var shipment = await shipping.Get(orderId);
        Assert.Equal((ShipmentStatus.Cancelled, 0, null), (shipment.Status, shipment.Attempts, shipment.NextAttemptAt));
        Assert.DoesNotContain(shipment.ShipmentId, Carrier.Calls.Select(call => call.Key));
    }

    [Fact]
    public async Task Undoes_a_booking_made_while_the_shipment_was_being_cancelled()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        Carrier.Answer = async (method, _) =>
        {
            if (method == "POST")
            {
                asked.TrySetResult();
                await answer.Task;
            }

            return 200;
        };
        var shipping = await Start();
        var orderId = await shipping.Confirm();
        await asked.Task;

        await shipping.Deliver(Given.CancellationRequested(orderId));
        answer.SetResult();

        await Settled(shipping, orderId);
        Assert.Equal(["POST", "DELETE"], Carrier.Calls.Select(call => call.Method));
        Assert.Empty(Carrier.Bookings);
        Assert.Equal(["ShipmentCancelled"], await shipping.Log(orderId));
    }

    [Fact]
    public async Task Undoes_a_booking_whose_answer_was_lost()
    {
        Carrier.LosesAnswers = true;
        var shipping = await Start();
        var orderId = await shipping.Confirm();
        await Eventually.Is(() => Carrier.Bookings.Count == 1);

        await shipping.Deliver(Given.CancellationRequested(orderId));
        Carrier.LosesAnswers = false;

        await Settled(shipping, orderId);
        Assert.Empty(Carrier.Bookings);
        Assert.Equal(["ShipmentCancelled"], await shipping.Log(orderId));
    }

    [Fact]
    public async Task Retries_undoing_a_booking_until_it_succeeds_across_a_restart()
    {
        Carrier.LosesAnswers = true;
        var shipping = await Start();
        var orderId = await shipping.Confirm();
        await Eventually.Is(() => Carrier.Bookings.Count == 1);
        (Carrier.LosesAnswers, Carrier.Answer) = (false, (_, _) => Task.FromResult(503));
        await shipping.Deliver(Given.CancellationRequested(orderId));
        await Eventually.Is(() => Carrier.Calls.Count(call => call.Method == "DELETE") > 8);
        await Stop(shipping);
        Assert.Single(Carrier.Bookings);

        Carrier.Answer = (_, _) => Task.FromResult(200);
        shipping = await Start();

        await Settled(shipping, orderId);
        Assert.Empty(Carrier.Bookings);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Treats_a_booking_unknown_to_the_carrier_as_undone(int status)
    {
        Carrier.Answer = (method, _) => Task.FromResult(method == "POST" ? 500 : status);
        var shipping = await Start();
        var orderId = await shipping.Confirm();
        await Eventually.Is(async () => (await shipping.Get(orderId)).Attempts > 0);

        await shipping.Deliver(Given.CancellationRequested(orderId));

        await Settled(shipping, orderId);
    }

    [Fact]
    public async Task Changes_nothing_once_the_carrier_has_the_goods()
    {
        var shipping = await Start();
        var orderId = await shipping.Confirm();
        await shipping.Becomes(orderId, ShipmentStatus.Dispatched);

        await shipping.Deliver(Given.CancellationRequested(orderId));

        Assert.Equal(ShipmentStatus.Dispatched, (await shipping.Get(orderId)).Status);
        Assert.Equal(["ShipmentDispatched"], await shipping.Log(orderId));
        Assert.Single(Carrier.Bookings);
    }

    [Fact]
    public async Task A_race_ends_dispatched_and_booked_or_cancelled_and_not_booked()
    {
        Carrier.Answer = async (_, _) =>
        {
            await Task.Delay(Random.Shared.Next(10), TestContext.Current.CancellationToken);
            return Random.Shared.Next(4) == 0 ? 503 : 200;
        };
        var (shipping, _) = (await Start(), await Start());

        var orders = await Task.WhenAll(Enumerable.Range(0, 100).Select(async n =>
        {
            var orderId = await shipping.Confirm();
            await Task.Delay(n % 20, TestContext.Current.CancellationToken);
            await shipping.Deliver(Given.CancellationRequested(orderId));
            return orderId;
        }));

        foreach (var order in orders)
        {
            await Eventually.Is(async () => (await shipping.Get(order)).NextAttemptAt is null);
            var shipment = await shipping.Get(order);
            var dispatched = shipment.Status == ShipmentStatus.Dispatched;
            Assert.Equal(dispatched ? ["ShipmentDispatched"] : ["ShipmentCancelled"], await shipping.Log(order));
            Assert.Equal(dispatched, Carrier.Bookings.Contains(shipment.ShipmentId));
        }
    }

    /// <summary>Waits until the shipment is cancelled and no call to the carrier is outstanding.</summary>
    private static Task Settled(ShippingService shipping, Guid orderId) => Eventually.Is(
        async () => await shipping.Get(orderId) is { Status: ShipmentStatus.Cancelled, NextAttemptAt: null });
}
