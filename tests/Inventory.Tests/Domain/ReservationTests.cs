using OrderPlatform.Inventory.Domain;
using static OrderPlatform.Inventory.Domain.ReservationStatus;

namespace OrderPlatform.Inventory.Tests.Domain;

public sealed class ReservationTests
{
    [Theory]
    [InlineData(Reserved)]
    [InlineData(Rejected)]
    [InlineData(Released)]
    [InlineData(Shipped)]
    public void Every_status_is_reached_by_events(ReservationStatus status) => Assert.Equal(status, Given.Reservation(status).Status);
}
