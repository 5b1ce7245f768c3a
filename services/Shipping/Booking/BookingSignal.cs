using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Booking;

/// <summary>Wakes the booking worker when a commit in this process has created work for it.</summary>
internal sealed class BookingSignal : ICommitObserver
{
    private readonly Signal signal = new();

    public void Committed(UnitOfWork unit)
    {
        if (unit.Rows<Shipment>().Any(shipment => shipment.NextAttemptAt is not null))
            signal.Set();
    }

    /// <summary>Completes at the next such commit. Call it before you look for due shipments.</summary>
    public Task Next() => signal.Next();
}
