using OrderPlatform.Messaging.Batching;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Booking;

/// <summary>Wakes the booking worker when a commit has left a shipment to book or to cancel at the carrier.</summary>
internal sealed class BookingSignal()
    : CommitSignal(unit => unit.Rows<Shipment>().Any(shipment => shipment.NextAttemptAt is not null));
