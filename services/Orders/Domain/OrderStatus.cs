namespace OrderPlatform.Orders.Domain;

/// <summary>The status of an order. Rejected, delivered and cancelled are final.</summary>
public enum OrderStatus
{
    /// <summary>Accepted; its stock is not reserved yet.</summary>
    Placed,

    /// <summary>Its stock is reserved; its shipment waits for the carrier.</summary>
    Confirmed,

    /// <summary>Stock was short; nothing is reserved. Final.</summary>
    Rejected,

    /// <summary>
    /// Confirmed, but the customer wants to cancel it and Shipping has not answered yet: it will be cancelled, or shipped if
    /// the carrier was faster.
    /// </summary>
    Cancelling,

    /// <summary>Nothing was shipped, and nothing will be. Final.</summary>
    Cancelled,

    /// <summary>The carrier has the goods.</summary>
    Shipped,

    /// <summary>The recipient has the goods. Final.</summary>
    Delivered,
}
