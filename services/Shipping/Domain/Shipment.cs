using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Tracing;

namespace OrderPlatform.Shipping.Domain;

/// <summary>The one shipment of an order, and what its carrier is still to be asked.</summary>
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

    /// <summary>What the shipment is called outside of Shipping; the carrier's idempotency key as well.</summary>
    public Guid Id { get; private set; }

    public ShipmentStatus Status { get; private set; }

    public IReadOnlyList<OrderLine> Lines { get; private set; } = [];

    public ShippingAddress ShippingAddress { get; private set; } = null!;

    /// <summary>The carrier's number; null before the carrier took the goods.</summary>
    public string? TrackingNumber { get; private set; }

    /// <summary>How often the carrier was asked, counted before each call: at 0 it cannot know of the shipment.</summary>
    public int Attempts { get; private set; }

    /// <summary>
    /// When the carrier is to be asked (again): to book a pending shipment, to undo the booking of a cancelled one. Null when
    /// nothing is owed to it. While somebody asks, it is the end of their lease.
    /// </summary>
    public DateTimeOffset? NextAttemptAt { get; private set; }

    /// <summary>The event that asked for the shipment, for what the carrier's answer causes later.</summary>
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
                // Once asked, the carrier may have booked it, whatever became of the answer: then that is still to be undone.
                if (Attempts == 0)
                    NextAttemptAt = null;
                break;
            case CarrierCallScheduled call:
                NextAttemptAt = call.At;
                break;
            case CarrierCallPostponed call:
                // Unless another instance had an answer meanwhile.
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

    /// <summary>The carrier has the goods; it cannot be called back.</summary>
    Dispatched,

    /// <summary>The recipient has the goods.</summary>
    Delivered,

    /// <summary>It was called off before the carrier took it.</summary>
    Cancelled,
}

/// <summary>The carrier is to be asked, whether or not anything was owed to it before.</summary>
/// <param name="At">When, UTC.</param>
/// <remarks>Like its neighbours, it changes the row only: which calls are due is not history.</remarks>
public sealed record CarrierCallScheduled(DateTimeOffset At);

/// <summary>The carrier did not answer: it is asked again later.</summary>
/// <param name="Until">When, UTC.</param>
public sealed record CarrierCallPostponed(DateTimeOffset Until);

/// <summary>Nothing is owed to the carrier any more.</summary>
public sealed record CarrierSettled;
