using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Tracing;

namespace OrderPlatform.Shipping.Domain;

/// <summary>The one shipment of an order, and when the carrier must be called for it.</summary>
public sealed class Shipment : EventSourcedEntity
{
    /// <summary>A pending shipment, to be booked at once.</summary>
    public Shipment(OrderConfirmed confirmed, Cause? cause, DateTimeOffset now)
    {
        OrderId = confirmed.OrderId;
        Id = Guid.CreateVersion7(now);
        Status = ShipmentStatus.Pending;
        Lines = confirmed.Lines;
        ShippingAddress = confirmed.ShippingAddress;
        NextAttemptAt = now;
        (CausationId, TraceParent) = (cause?.EventId, cause?.TraceParent);
    }

    private Shipment()
    {
    }

    public Guid OrderId { get; private set; }

    /// <summary>The shipment's id outside Shipping, and its idempotency key at the carrier.</summary>
    public Guid Id { get; private set; }

    public ShipmentStatus Status { get; private set; }

    public IReadOnlyList<OrderLine> Lines { get; private set; } = [];

    public ShippingAddress ShippingAddress { get; private set; } = null!;

    /// <summary>The carrier's number; null until the carrier has taken the goods.</summary>
    public string? TrackingNumber { get; private set; }

    /// <summary>How many times the carrier was called, counted before each call: at 0, the carrier cannot know the shipment.</summary>
    public int Attempts { get; private set; }

    /// <summary>
    /// When to call the carrier (again): to book a pending shipment, or to undo the booking of a cancelled one. Null when no call is
    /// needed. While an instance is calling, it is the end of that instance's lease.
    /// </summary>
    public DateTimeOffset? NextAttemptAt { get; private set; }

    /// <summary>The event that created the shipment: the cause of the events that follow from the carrier's answer.</summary>
    public Guid? CausationId { get; private set; }

    public string? TraceParent { get; private set; }

    public Cause? Cause => CausationId is { } id ? new Cause(id, TraceParent) : null;

    protected override string StreamId => OrderId.ToString();

    protected override Guid? CorrelationId => OrderId;

    protected override void Apply(object @event)
    {
        switch (@event)
        {
            case ShipmentDispatched dispatched:
                Status = ShipmentStatus.Dispatched;
                TrackingNumber = dispatched.TrackingNumber;
                NextAttemptAt = null;
                break;
            case ShipmentDelivered:
                Status = ShipmentStatus.Delivered;
                break;
            case ShipmentCancelled:
                Status = ShipmentStatus.Cancelled;
                // Once called, the carrier may have booked it, even if the answer was lost: then the booking must still be undone.
                if (Attempts == 0)
                    NextAttemptAt = null;
                break;
            case CarrierCallScheduled call:
                NextAttemptAt = call.At;
                break;
            case CarrierCallPostponed call:
                // Null: another instance has received the carrier's answer in the meantime.
                NextAttemptAt = NextAttemptAt is null ? null : call.Until;
                break;
            case CarrierSettled:
                NextAttemptAt = null;
                break;
            default:
                throw new ArgumentException($"{@event.GetType().Name} is not an event of a shipment.", nameof(@event));
        }
    }
}

public enum ShipmentStatus
{
    /// <summary>The carrier has not taken it yet.</summary>
    Pending,

    /// <summary>The carrier has the goods; the shipment can no longer be cancelled.</summary>
    Dispatched,

    /// <summary>The recipient has the goods.</summary>
    Delivered,

    /// <summary>It was cancelled before the carrier took it.</summary>
    Cancelled,
}

/// <summary>The carrier must be called, whether or not a call was needed before.</summary>
/// <param name="At">When, UTC.</param>
/// <remarks>Like the two below, it only changes the row: due calls are not part of the history.</remarks>
public sealed record CarrierCallScheduled(DateTimeOffset At);

/// <summary>The carrier did not answer: it is called again later.</summary>
/// <param name="Until">When, UTC.</param>
public sealed record CarrierCallPostponed(DateTimeOffset Until);

/// <summary>No further call to the carrier is needed.</summary>
public sealed record CarrierSettled;
