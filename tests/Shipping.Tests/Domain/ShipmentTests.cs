using OrderPlatform.Shipping.Domain;
using static OrderPlatform.Shipping.Domain.ShipmentStatus;

namespace OrderPlatform.Shipping.Tests.Domain;

public sealed class ShipmentTests
{
    [Theory]
    [InlineData(Pending)]
    [InlineData(Dispatched)]
    [InlineData(Delivered)]
    [InlineData(Cancelled)]
    public void Every_status_is_reached_by_events(ShipmentStatus status) => Assert.Equal(status, Given.Shipment(status).Status);

    [Theory]
    [InlineData(Dispatched)]
    [InlineData(Delivered)]
    [InlineData(Cancelled)]
    public void Only_a_pending_shipment_has_a_next_attempt(ShipmentStatus status) => Assert.Null(Given.Shipment(status).NextAttemptAt);
}
