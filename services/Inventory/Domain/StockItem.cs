using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Messaging;

namespace OrderPlatform.Inventory.Domain;

/// <summary>What the warehouse has of one SKU. Its stream tells the receipts; what orders take is told by their reservations.</summary>
public sealed class StockItem(string sku) : EventSourcedEntity
{
    public string Sku { get; private set; } = sku;

    /// <summary>Units that orders can still reserve; a sum of many receipts, so wider than a quantity.</summary>
    public long Available { get; private set; }

    /// <summary>Units that are set aside for orders and still in the warehouse.</summary>
    public long Reserved { get; private set; }

    /// <summary>No order's id begins like this, whatever a SKU looks like.</summary>
    protected override string StreamId => $"sku:{Sku}";

    /// <summary>Sets units aside for an order.</summary>
    public void Reserve(int quantity)
    {
        Available = Less(Available, quantity);
        Reserved += quantity;
    }

    /// <summary>Gives units that were set aside back.</summary>
    public void Release(int quantity)
    {
        Reserved = Less(Reserved, quantity);
        Available += quantity;
    }

    /// <summary>Takes units that were set aside off the books: they have left the warehouse.</summary>
    public void Ship(int quantity) => Reserved = Less(Reserved, quantity);

    protected override void Apply(object @event)
    {
        var received = (StockReceived)@event;
        Available += received.Quantity;
    }

    private long Less(long units, int quantity) => units >= quantity
        ? units - quantity
        : throw new InvalidOperationException($"{quantity} units of {Sku} were to be taken from {units}.");
}
