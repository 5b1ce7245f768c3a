using OrderPlatform.Orders.Features;

namespace OrderPlatform.Orders;

public static class OrderEndpoints
{
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").WithTags("Orders");
        orders.MapPost("", PlaceOrder.Handle).ProducesValidationProblem().ProducesProblem(422);
        orders.MapGet("", ListOrders.Handle).ProducesValidationProblem();
        orders.MapGet("/{id:guid}", GetOrder.Handle).ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
        orders.MapGet("/{id:guid}/history", GetOrderHistory.Handle).ProducesProblem(404);
        orders.MapPost("/{id:guid}/cancellation", CancelOrder.Handle).ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
    }
}
