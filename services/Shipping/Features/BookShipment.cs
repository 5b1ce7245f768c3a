using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Features;

/// <summary>A pending shipment is due: it is booked with the carrier, outside any transaction.</summary>
public sealed partial class BookShipment(CarrierClient carrier, TransactionBatcher batcher, TimeProvider clock, ILogger<BookShipment> logger)
{
    public async Task Handle(Shipment due, CancellationToken cancellationToken)
    {
        using var activity = due.Cause?.Continue("book shipment");
        var trackingNumber = await carrier.Book(due, cancellationToken);
        await batcher.Run(
            rows => rows.Add<Shipment>(due.OrderId),
            unit =>
            {
                var shipment = unit.Get<Shipment>(due.OrderId);
                var now = clock.GetUtcNow();
                if (Decide(shipment, trackingNumber, now).Happened is { } dispatched)
                {
                    unit.Append(shipment, dispatched, shipment.Cause);
                }
                else if (shipment.Status == ShipmentStatus.Cancelled)
                {
                    // Not in Decide: another carrier call changes only the row, and is not logged.
                    BookedTooLate(logger, shipment.Id);
                    unit.Apply(shipment, new CarrierCallScheduled(now));
                }

                return shipment.Status;
            },
            CancellationToken.None);
    }

    public static Decision<ShipmentDispatched> Decide(Shipment shipment, string trackingNumber, DateTimeOffset now) =>
        shipment.Status == ShipmentStatus.Pending
            ? new ShipmentDispatched(shipment.OrderId, shipment.Id, shipment.Lines, trackingNumber, now)
            // Cancelled, or dispatched by another instance, during the call.
            : Decision.Nothing;

    [LoggerMessage(LogLevel.Information, "Shipment {ShipmentId} was cancelled while the carrier booked it; undoing the booking")]
    private static partial void BookedTooLate(ILogger logger, Guid shipmentId);
}
