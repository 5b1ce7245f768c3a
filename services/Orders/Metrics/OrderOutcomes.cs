using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Orders.Domain;
using Prometheus;

namespace OrderPlatform.Orders.Metrics;

/// <summary>Counts the outcomes of orders, and measures the time to ship.</summary>
public sealed class OrderOutcomes : IEventObserver
{
    private readonly Dictionary<Type, Counter.Child> outcomes;
    private readonly Histogram timeToShip;
    private readonly TimeProvider clock;

    public OrderOutcomes(IMetricFactory metrics, TimeProvider clock)
    {
        this.clock = clock;
        var counter = metrics.CreateCounter("orders_outcomes_total", "Committed events of orders, by outcome.", ["outcome"]);
        outcomes = new()
        {
            [typeof(OrderPlaced)] = counter.WithLabels("placed"),
            [typeof(OrderConfirmed)] = counter.WithLabels("confirmed"),
            [typeof(OrderRejected)] = counter.WithLabels("rejected"),
            [typeof(OrderCancellationRequested)] = counter.WithLabels("cancellation_requested"),
            [typeof(OrderCancelled)] = counter.WithLabels("cancelled"),
            [typeof(OrderShipped)] = counter.WithLabels("shipped"),
            [typeof(OrderDelivered)] = counter.WithLabels("delivered"),
        };
        timeToShip = metrics.CreateHistogram(
            "orders_time_to_ship_seconds",
            "From the POST of an order to the commit that marks it as shipped.",
            new HistogramConfiguration
            {
                Buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600],
                ExemplarBehavior = ExemplarBehavior.NoExemplars(),
            });
    }

    public void Happened(EventSourcedEntity row, object @event)
    {
        if (outcomes.TryGetValue(@event.GetType(), out var outcome))
            outcome.Inc();
        if (@event is OrderShipped)
            timeToShip.Observe((clock.GetUtcNow() - ((Order)row).PlacedAt).TotalSeconds);
    }
}
