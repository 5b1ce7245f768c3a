using System.Text.Json;
using OrderPlatform.Orders.Domain;

namespace OrderPlatform.Orders.Tests.Domain;

public sealed class OrderTests(OrdersService orders) : IClassFixture<OrdersService>
{
    public static TheoryData<OrderStatus> EveryStatus => [.. Enum.GetValues<OrderStatus>()];

    [Theory]
    [MemberData(nameof(EveryStatus))]
    public async Task The_row_equals_the_fold_of_its_logged_events(OrderStatus status)
    {
        var id = await orders.PlaceUntil(status);

        var (row, fold) = await orders.RowAndFold(id);

        Assert.Equal(status, row.Status);
        Assert.Equal(JsonSerializer.Serialize(row), JsonSerializer.Serialize(fold));
    }

    [Theory]
    [MemberData(nameof(EveryStatus))]
    public void Every_status_is_reached_by_events(OrderStatus status) => Assert.Equal(status, Given.Order(status).Status);
}
