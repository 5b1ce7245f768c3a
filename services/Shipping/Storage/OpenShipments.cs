using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Storage;

/// <summary>A shipment is open until it is delivered or cancelled.</summary>
public sealed class OpenShipments : IOpenStreams
{
    public IQueryable<string> In(DbContext database) =>
        from shipment in database.Set<Shipment>()
        where shipment.Status != ShipmentStatus.Delivered && shipment.Status != ShipmentStatus.Cancelled
        select shipment.OrderId.ToString();
}
