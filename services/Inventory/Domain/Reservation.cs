using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Inventory.Domain;

/// <summary>The stock that Inventory set aside for one order, or why it could not.</summary>
public sealed class Reservation : EventSourcedEntity
{
    public Reservation(OrderPlaced placed)
    {
        OrderId = placed.OrderId;
        Lines = placed.Lines;
    }

    private Reservation()
    {
    }

    public Guid OrderId { get; private set; }

    public ReservationStatus Status { get; private set; }

    /// <summary>The lines of the order.</summary>
    public IReadOnlyList<OrderLine> Lines { get; private set; } = [];

    protected override string StreamId => OrderId.ToString();

    protected override Guid? CorrelationId => OrderId;

    protected override void Apply(object @event) => Status = @event switch
    {
        StockReserved => ReservationStatus.Reserved,
        StockRejected => ReservationStatus.Rejected,
        StockReleased => ReservationStatus.Released,
        ShipmentDispatched => ReservationStatus.Shipped,
        _ => throw new ArgumentException($"{@event.GetType().Name} is not an event of a reservation.", nameof(@event)),
    };
}

public enum ReservationStatus
{
    /// <summary>All lines are set aside for the order.</summary>
    Reserved,

    /// <summary>At least one line was short: nothing is set aside.</summary>
    Rejected,

    /// <summary>The order was cancelled: its lines are available again.</summary>
    Released,

    /// <summary>The goods have left the warehouse.</summary>
    Shipped,
}
