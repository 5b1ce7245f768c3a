using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Inventory.Domain;

/// <summary>The stock of one SKU. Its stream has the receipts; the units that orders take are in their reservations' streams.</summary>
public sealed class StockItem(string sku) : EventSourcedEntity
{
    public string Sku { get; private set; } = sku;

    /// <summary>Units that orders can still reserve; a sum of many receipts, so wider than a quantity.</summary>
    public long Available { get; private set; }

    /// <summary>Units that are set aside for orders and still in the warehouse.</summary>
    public long Reserved { get; private set; }

    /// <summary>The prefix keeps it distinct from any order's id.</summary>
    protected override string StreamId => $"sku:{Sku}";

    protected override void Apply(object @event)
    {
        switch (@event)
        {
            case StockReceived received:
                Available += received.Quantity;
                break;
            case UnitsReserved reserved:
                Available = Subtract(Available, reserved.Quantity);
                Reserved += reserved.Quantity;
                break;
            case UnitsReleased released:
                Reserved = Subtract(Reserved, released.Quantity);
                Available += released.Quantity;
                break;
            case UnitsShipped shipped:
                Reserved = Subtract(Reserved, shipped.Quantity);
                break;
            default:
                throw new ArgumentException($"{@event.GetType().Name} is not an event of a stock item.", nameof(@event));
        }
    }

    private long Subtract(long units, int quantity) => units >= quantity
        ? units - quantity
        : throw new InvalidOperationException($"Cannot take {quantity} units of {Sku} from {units}.");
}

/// <summary>Units were set aside for an order.</summary>
/// <param name="Quantity">Whole units.</param>
/// <remarks>Like the two below, it only changes the row: the log has the event of the order's reservation instead.</remarks>
public sealed record UnitsReserved(int Quantity);

/// <summary>Units that were set aside are available again.</summary>
/// <param name="Quantity">Whole units.</param>
public sealed record UnitsReleased(int Quantity);

/// <summary>Units that were set aside have left the warehouse.</summary>
/// <param name="Quantity">Whole units.</param>
public sealed record UnitsShipped(int Quantity);
