using OrderPlatform.Messaging.Batching;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Features;

/// <summary>A shipment was cancelled after the carrier had been called: its booking, if there is one, is cancelled as well.</summary>
public sealed partial class UndoBooking(CarrierClient carrier, TransactionBatcher batcher, ILogger<UndoBooking> logger)
{
    public async Task Handle(Shipment cancelled, CancellationToken cancellationToken)
    {
        await carrier.Cancel(cancelled.Id, cancellationToken);
        await batcher.Run(
            rows => rows.Add<Shipment>(cancelled.OrderId),
            unit =>
            {
                unit.Apply(unit.Get<Shipment>(cancelled.OrderId), new CarrierSettled());
                return true;
            },
            CancellationToken.None);
        Undone(logger, cancelled.Id);
    }

    [LoggerMessage(LogLevel.Information, "Shipment {ShipmentId} is cancelled; the carrier has no booking for it")]
    private static partial void Undone(ILogger logger, Guid shipmentId);
}
