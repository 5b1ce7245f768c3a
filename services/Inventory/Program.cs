using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Inventory;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Inventory.Metrics;
using OrderPlatform.Inventory.Storage;
using OrderPlatform.Messaging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("inventory", port: 5102);
builder.Services.AddValidation();
builder.AddMessaging<InventoryDb>("inventory", messaging => messaging
    .UseMassTransit().UseRabbitMq()
    .AddOperations(operations => operations.Retains<OpenReservations>())
    .Publishes<StockReserved>()
    .Publishes<StockRejected>()
    .Records<StockReleased>()
    .Records<StockReceived>()
    .Handles<OrderPlaced, ReserveStock>()
    .Handles<OrderCancelled, ReleaseStock>()
    .Handles<ShipmentDispatched, ShipStock>()
    .Observes<ReservationOutcomes>()
    .Samples<StockLevels>());

var app = builder.Build();
app.MapServiceDefaults();
app.MapStock();
app.MapOps();
app.Run();
