namespace OrderPlatform.Orders.Domain;

/// <summary>How far an order is. Rejected, delivered and cancelled are final.</summary>
public enum OrderStatus
{
    /// <summary>Accepted; its stock is not reserved yet.</summary>
    Placed,

    /// <summary>Its stock is reserved, its shipment on the way to the carrier.</summary>
    Confirmed,

    /// <summary>Stock was short; nothing is reserved. Final.</summary>
    Rejected,

    /// <summary>
    /// Confirmed, but the customer wants it cancelled and Shipping has not answered yet: it ends cancelled, or shipped if
    /// that was faster.
    /// </summary>
    Cancelling,

    /// <summary>Nothing of it was or will be shipped. Final.</summary>
    Cancelled,

    /// <summary>The carrier has the goods.</summary>
    Shipped,

    /// <summary>The recipient has the goods. Final.</summary>
    Delivered,
}
