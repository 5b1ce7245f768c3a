using Microsoft.EntityFrameworkCore;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging.Operations.Retention;

namespace OrderPlatform.Inventory.Storage;

/// <summary>
/// A reservation is open until its goods are released or have left. A SKU's stream is never open: its row has the sum of its receipts.
/// </summary>
public sealed class OpenReservations : IOpenStreams
{
    public IQueryable<string> In(DbContext database) =>
        from reservation in database.Set<Reservation>()
        where reservation.Status == ReservationStatus.Reserved
        select reservation.OrderId.ToString();
}
