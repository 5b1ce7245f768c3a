using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Features;

namespace OrderPlatform.Shipping;

public static class ShipmentEndpoints
{
    public static void MapShipments(this IEndpointRouteBuilder app)
    {
        var shipments = app.MapGroup("/shipments").WithTags("Shipments");
        shipments.MapGet("", ListShipments.Handle).ProducesValidationProblem();
        shipments.MapGet("/{id:guid}", GetShipment.Handle).ProducesProblem(404);
        shipments.MapPost("/{id:guid}/delivery", DeliverShipment.Handle).ProducesProblem(404).ProducesProblem(409);
    }

    /// <summary>Maps the simulated carrier's API; does nothing in other modes.</summary>
    public static void MapCarrierSimulator(this IEndpointRouteBuilder app)
    {
        if (app.ServiceProvider.GetRequiredService<CarrierOptions>().Mode != CarrierMode.Simulator)
            return;
        var carrier = app.MapGroup("/carrier-simulator").WithTags("Carrier simulator");
        carrier.MapPost("/bookings", CarrierSimulator.Book).ProducesValidationProblem().ProducesProblem(409).ProducesProblem(503);
        carrier.MapDelete("/bookings/{key:guid}", CarrierSimulator.Cancel).ProducesProblem(503);
        carrier.MapGet("/settings", CarrierSimulator.GetSettings);
        carrier.MapPut("/settings", CarrierSimulator.PutSettings).ProducesValidationProblem();
    }
}
