using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.EventLog;
using Prometheus;

namespace OrderPlatform.Inventory.Metrics;

/// <summary>Counts the outcomes of reservations.</summary>
public sealed class ReservationOutcomes : IEventObserver
{
    private readonly Dictionary<Type, Counter.Child> outcomes;

    public ReservationOutcomes(IMetricFactory metrics)
    {
        var counter = metrics.CreateCounter("inventory_reservations_total", "Committed events of reservations, by outcome.", ["outcome"]);
        outcomes = new()
        {
            [typeof(StockReserved)] = counter.WithLabels("reserved"),
            [typeof(StockRejected)] = counter.WithLabels("rejected"),
            [typeof(StockReleased)] = counter.WithLabels("released"),
            [typeof(ShipmentDispatched)] = counter.WithLabels("shipped"),
        };
    }

    public void Happened(EventSourcedEntity row, object @event)
    {
        if (outcomes.TryGetValue(@event.GetType(), out var outcome))
            outcome.Inc();
    }
}
