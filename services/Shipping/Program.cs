using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.ServiceDefaults;
using OrderPlatform.Shipping;
using OrderPlatform.Shipping.Booking;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Features;
using OrderPlatform.Shipping.Storage;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("shipping", port: 5103);
builder.Services.AddValidation();
builder.AddMessaging<ShippingDb>("shipping", messaging => messaging
    .UseMassTransit().UseRabbitMq()
    .AddOperations(operations => operations.Retains<OpenShipments>())
    .Publishes<ShipmentDispatched>()
    .Publishes<ShipmentDelivered>()
    .Publishes<ShipmentCancelled>()
    .Handles<OrderConfirmed, CreateShipment>()
    .Handles<OrderCancellationRequested, CancelShipment>());
builder.AddCarrier();

var app = builder.Build();
app.MapServiceDefaults();
app.MapShipments();
app.MapOps();
app.MapCarrierSimulator();
app.Run();
