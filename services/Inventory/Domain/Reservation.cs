using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging;

namespace OrderPlatform.Inventory.Domain;

/// <summary>What Inventory did for one order.</summary>
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

    /// <summary>What the order asked for.</summary>
    public IReadOnlyList<OrderLine> Lines { get; private set; } = [];

    protected override string StreamId => OrderId.ToString();

    protected override Guid? CorrelationId => OrderId;

    public void Apply(ShipmentDispatched _) => Status = ReservationStatus.Shipped;

    protected override void Apply(object @event) => Status = @event switch
    {
        StockReserved => ReservationStatus.Reserved,
        StockRejected => ReservationStatus.Rejected,
        StockReleased => ReservationStatus.Released,
        _ => throw new ArgumentException($"{@event.GetType().Name} is not an event of a reservation.", nameof(@event)),
    };
}

public enum ReservationStatus
{
    /// <summary>All lines are set aside for the order.</summary>
    Reserved,

    /// <summary>At least one line fell short: nothing is set aside.</summary>
    Rejected,

    /// <summary>The order was cancelled: its lines are available again.</summary>
    Released,

    /// <summary>The goods have left the warehouse.</summary>
    Shipped,
}
