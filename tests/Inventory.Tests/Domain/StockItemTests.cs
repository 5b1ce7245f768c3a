using OrderPlatform.Inventory.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Inventory.Tests.Domain;

public sealed class StockItemTests
{
    [Fact]
    public void Stock_refuses_to_go_below_zero()
    {
        var chairs = new StockItem("chair");

        Assert.Throws<InvalidOperationException>(() => chairs.Fold(new UnitsReserved(1)));
        Assert.Throws<InvalidOperationException>(() => chairs.Fold(new UnitsReleased(1)));
        Assert.Throws<InvalidOperationException>(() => chairs.Fold(new UnitsShipped(1)));
    }
}
