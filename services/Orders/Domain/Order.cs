using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Orders.Domain;

/// <summary>
/// An order is the fold of its events. The row is updated in the same transaction, so that reading an order does not require folding
/// them.
/// </summary>
public sealed class Order(Guid id) : EventSourcedEntity
{
    public Guid Id { get; private set; } = id;

    public string CustomerId { get; private set; } = "";

    public OrderStatus Status { get; private set; }

    public IReadOnlyList<OrderLine> Lines { get; private set; } = [];

    public ShippingAddress ShippingAddress { get; private set; } = null!;

    public DateTimeOffset PlacedAt { get; private set; }

    public DateTimeOffset? ConfirmedAt { get; private set; }

    public Rejection? Rejection { get; private set; }

    public Cancellation? Cancellation { get; private set; }

    public Shipment? Shipment { get; private set; }

    protected override string StreamId => Id.ToString();

    protected override Guid? CorrelationId => Id;

    protected override void Apply(object @event)
    {
        switch (@event)
        {
            case OrderPlaced placed:
                Status = OrderStatus.Placed;
                (CustomerId, Lines, ShippingAddress, PlacedAt) = (placed.CustomerId, placed.Lines, placed.ShippingAddress, placed.PlacedAt);
                break;
            case OrderConfirmed confirmed:
                Status = OrderStatus.Confirmed;
                ConfirmedAt = confirmed.ConfirmedAt;
                break;
            case OrderRejected rejected:
                Status = OrderStatus.Rejected;
                Rejection = new Rejection(rejected.Shortages, rejected.RejectedAt);
                break;
            case OrderCancellationRequested requested:
                Status = OrderStatus.Cancelling;
                Cancellation = new Cancellation(requested.Reason, requested.RequestedAt, CancelledAt: null);
                break;
            case OrderCancelled cancelled:
                Status = OrderStatus.Cancelled;
                var requestedAt = Cancellation?.RequestedAt ?? cancelled.CancelledAt;
                Cancellation = new Cancellation(cancelled.Reason, requestedAt, cancelled.CancelledAt);
                break;
            case OrderShipped shipped:
                Status = OrderStatus.Shipped;
                Shipment = new Shipment(shipped.ShipmentId, shipped.TrackingNumber, shipped.DispatchedAt, DeliveredAt: null);
                break;
            case OrderDelivered delivered:
                Status = OrderStatus.Delivered;
                Shipment = Shipment! with { DeliveredAt = delivered.DeliveredAt };
                break;
            default:
                throw new ArgumentException($"{@event.GetType().Name} is not an event of an order.", nameof(@event));
        }
    }
}
