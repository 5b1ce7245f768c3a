using OrderPlatform.Inventory.Features;

namespace OrderPlatform.Inventory;

public static class StockEndpoints
{
    public static void MapStock(this IEndpointRouteBuilder app)
    {
        var stock = app.MapGroup("/stock").WithTags("Stock");
        stock.MapGet("", ListStock.Handle).ProducesValidationProblem();
        stock.MapGet("/{sku}", GetStock.Handle).ProducesValidationProblem().ProducesProblem(404);
        stock.MapPost("/{sku}/receipts", ReceiveStock.Handle).ProducesValidationProblem().ProducesProblem(409);
    }
}
