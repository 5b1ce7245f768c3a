using CsCheck;
using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;

namespace OrderPlatform.Inventory.Tests;

/// <summary>
/// An order's events lead to the same state in any arrival order, with duplicates, one by one or together. A duplicate has the same id,
/// like a redelivery, or another id, like a replay after the inbox has forgotten the event.
/// </summary>
public sealed class ConvergenceTests(InventoryService inventory) : IClassFixture<InventoryService>
{
    private const int Units = 100;

    /// <summary>The events of one order, doubled and shuffled; and whether each is delivered together with the previous one.</summary>
    private static readonly Gen<(Story Story, Arrival[] Arrivals)> Arrivals =
        from story in Gen.Enum<Story>()
        let events = story == Story.Placed ? 1 : 2
        from replayed in Gen.Bool.Array[events]
        from order in Gen.Shuffle(Enumerable.Range(0, events * 2).ToArray())
        from together in Gen.Bool.Array[events * 2]
        select (story, order.Select((n, i) => new Arrival(n / 2, n % 2 == 1 && replayed[n / 2], together[i])).ToArray());

    public enum Story
    {
        Placed,
        Cancelled,
        Dispatched,
        ShortAndCancelled,
    }

    [Theory]
    [InlineData(50)]
    [InlineData(500, Explicit = true)]
    public Task Every_arrival_order_ends_in_the_same_state(int samples) => Arrivals.SampleAsync(
        async sample =>
        {
            var (story, arrivals) = sample;
            var sku = await inventory.Stock(Units);
            var placed = Given.Placed(Guid.CreateVersion7(), new OrderLine(sku, story == Story.ShortAndCancelled ? Units + 1 : 7));
            object[] events = story switch
            {
                Story.Placed => [placed],
                Story.Dispatched => [placed, placed.Dispatched()],
                _ => [placed, placed.Cancelled()],
            };

            await Deliver(events, arrivals);

            var reservation = await inventory.Reservation(placed.OrderId);
            var log = (await inventory.Log(placed.OrderId.ToString())).Select(e => e.GetType().Name);
            var (status, stock, history) = Expected(story, sku);
            Assert.Equal(status, reservation!.Status);
            Assert.Equal(stock, await inventory.Get(sku));
            Assert.Equal(history, log);
            Assert.Equal(0, await inventory.Deferred());
        },
        iter: samples,
        threads: 1);

    private static (ReservationStatus Status, StockResponse Stock, string[] History) Expected(Story story, string sku) => story switch
    {
        Story.Placed => (ReservationStatus.Reserved, new(sku, Units - 7, 7), [nameof(StockReserved)]),
        Story.Cancelled => (ReservationStatus.Released, new(sku, Units, 0), [nameof(StockReserved), nameof(StockReleased)]),
        Story.Dispatched => (ReservationStatus.Shipped, new(sku, Units - 7, 0), [nameof(StockReserved)]),
        _ => (ReservationStatus.Rejected, new(sku, Units, 0), [nameof(StockRejected)]),
    };

    private async Task Deliver(object[] events, Arrival[] arrivals)
    {
        var ids = events.Select(_ => Guid.CreateVersion7()).ToArray();
        var group = new List<Task>();
        foreach (var (n, replayed, together) in arrivals)
        {
            if (!together)
                await Task.WhenAll(group);
            group.Add(inventory.Deliver(events[n], replayed ? Guid.CreateVersion7() : ids[n]));
        }

        await Task.WhenAll(group);
    }

    private sealed record Arrival(int Event, bool Replayed, bool Together);
}
