using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Orders;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using OrderPlatform.Orders.Metrics;
using OrderPlatform.Orders.Storage;
using OrderPlatform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("orders", port: 5101);
builder.Services.AddValidation();
builder.AddMessaging<OrdersDb>("orders", messaging => messaging
    .UseMassTransit().UseRabbitMq()
    .AddOperations(operations => operations.Retains<OpenOrders>().Rebuilds<Order, OrderPlaced>(placed => new Order(placed.OrderId)))
    .Publishes<OrderPlaced>()
    .Publishes<OrderConfirmed>()
    .Publishes<OrderCancellationRequested>()
    .Publishes<OrderCancelled>()
    .Records<OrderRejected>()
    .Records<OrderShipped>()
    .Records<OrderDelivered>()
    .Handles<StockReserved, ConfirmOrder>()
    .Handles<StockRejected, RejectOrder>()
    .Handles<ShipmentDispatched, ShipOrder>()
    .Handles<ShipmentDelivered, DeliverOrder>()
    .Handles<ShipmentCancelled, CompleteCancellation>()
    .Observes<OrderOutcomes>()
    .Samples<OrdersByStatus>());

var app = builder.Build();
app.MapServiceDefaults();
app.MapOrders();
app.MapOps();
app.Run();
