using System.Text.Json;
using CsCheck;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Tests;

/// <summary>
/// RabbitMQ delivers at least once and in any order. Regardless of that, each event takes effect once, and every order ends in the state
/// that its events lead to; so do the orders in the same transactions.
/// </summary>
public sealed class ArrivalOrderTests(OrdersService orders) : IClassFixture<OrdersService>
{
    private const int Instances = 2;

    private static readonly Story[] Stories =
    [
        new("delivered", OrderStatus.Placed, false, [Given.StockReserved, Given.ShipmentDispatched, Given.ShipmentDelivered],
            ["OrderPlaced", "OrderConfirmed", "OrderShipped", "OrderDelivered"]),
        new("rejected", OrderStatus.Placed, false, [Given.StockRejected],
            ["OrderPlaced", "OrderRejected"]),
        new("cancelled before stock was reserved", OrderStatus.Placed, true, [Given.StockReserved],
            ["OrderPlaced", "OrderCancelled"]),
        new("cancelled before stock was short", OrderStatus.Placed, true, [Given.StockRejected],
            ["OrderPlaced", "OrderCancelled"]),
        new("cancelled in time", OrderStatus.Confirmed, true, [Given.StockReserved, Given.ShipmentCancelled],
            ["OrderPlaced", "OrderConfirmed", "OrderCancellationRequested", "OrderCancelled"]),
        new("cancelled too late", OrderStatus.Confirmed, true, [Given.StockReserved, Given.ShipmentDispatched, Given.ShipmentDelivered],
            ["OrderPlaced", "OrderConfirmed", "OrderCancellationRequested", "OrderShipped", "OrderDelivered"]),
        new("cancelled by Shipping unasked", OrderStatus.Placed, false, [Given.StockReserved, Given.ShipmentCancelled],
            ["OrderPlaced", "OrderConfirmed", "OrderCancelled"]),
    ];

    // Every event arrives twice, at any instance: with the same id (a redelivery), or with another (a replay that outlived the inbox).
    private static readonly Gen<Sample> Samples =
        from stories in Gen.OneOf(Stories).Array[1, 4]
        let events = stories.SelectMany((story, order) => story.Incoming.Select(incoming => (Order: order, Event: incoming))).ToArray()
        from copies in Gen.Int[0, 1].Array[events.Length]
        let twice = events.Select(e => new Arrival(e.Order, e.Event, 0))
            .Concat(events.Zip(copies, (e, copy) => new Arrival(e.Order, e.Event, copy)))
        from arrivals in Gen.Shuffle(twice.ToArray())
        from instances in Gen.Int[0, Instances - 1].Array[arrivals.Length]
        from together in Gen.Int[1, 6]
        select new Sample(stories, [.. arrivals.Zip(instances, (arrival, instance) => arrival with { Instance = instance })], together);

    [Theory]
    [InlineData(60)]
    [InlineData(600, Explicit = true)]
    public async Task Events_lead_to_the_same_state_in_any_sequence_and_with_duplicates(int samples)
    {
        await using var other = await orders.Start();
        IServiceProvider[] instances = [orders.Services, other.Services];
        await Samples.SampleAsync(sample => Check(sample, instances), iter: samples, threads: 4);
    }

    private async Task Check(Sample sample, IServiceProvider[] instances)
    {
        var ids = await Task.WhenAll(sample.Stories.Select(Begin));
        var eventIds = sample.Arrivals.DistinctBy(arrival => arrival.Id).ToDictionary(arrival => arrival.Id, _ => Guid.CreateVersion7());

        // Those that arrive together may share a transaction, as they do when they wait in the queue.
        foreach (var group in sample.Arrivals.Chunk(sample.Together))
        {
            await Task.WhenAll(group.Select(arrival => OrdersService.Deliver(
                instances[arrival.Instance], Given.For(ids[arrival.Order], arrival.Event), eventIds[arrival.Id])));
        }

        foreach (var (id, story) in ids.Zip(sample.Stories))
        {
            var (row, fold) = await orders.RowAndFold(id);
            Assert.Equal(story.History, (await orders.History(id)).Events.Select(e => e.Type));
            Assert.Equal(JsonSerializer.Serialize(fold), JsonSerializer.Serialize(row));
            var deferred = await orders.Database.Scalar<long>($"SELECT count(*) FROM messaging.deferred_events WHERE stream = '{id}'");
            Assert.Equal(0, deferred);
        }
    }

    private async Task<Guid> Begin(Story story)
    {
        var id = await orders.PlaceUntil(story.From);
        if (story.Cancelled)
            (await orders.Cancel(id)).EnsureSuccessStatusCode();
        return id;
    }

    /// <param name="Name">How the order ends.</param>
    /// <param name="From">Its status before the shuffled events arrive.</param>
    /// <param name="Cancelled">Whether the customer then cancels it.</param>
    /// <param name="Incoming">The events of other services, delivered in any order, each twice.</param>
    /// <param name="History">The order's final events in the log.</param>
    private sealed record Story(string Name, OrderStatus From, bool Cancelled, object[] Incoming, string[] History);

    private sealed record Arrival(int Order, object Event, int Copy, int Instance = 0)
    {
        /// <summary>Arrivals with equal values have the same event id.</summary>
        public (int Order, object Event, int Copy) Id => (Order, Event, Copy);

        public string Describe(Story story) => $"order {Order} ({story.Name}): {Event.GetType().Name} {Copy} at {Instance}";
    }

    private sealed record Sample(Story[] Stories, Arrival[] Arrivals, int Together)
    {
        public override string ToString() =>
            $"{Together} together: {string.Join("; ", Arrivals.Select(arrival => arrival.Describe(Stories[arrival.Order])))}";
    }
}
