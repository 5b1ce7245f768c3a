using System.Text.Json;
using MassTransit;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;

namespace OrderPlatform.Transport.Tests.MassTransit;

/// <summary>The other side is an application with only MassTransit 8 and the contracts, without this library.</summary>
public sealed class PlainMassTransitTests : IAsyncLifetime
{
    private static readonly string OrderPlaced = EventTypes.NameOf(typeof(OrderPlaced));
    private static readonly string StockReserved = EventTypes.NameOf(typeof(StockReserved));
    private TestBroker broker = null!;

    public async ValueTask InitializeAsync() => broker = await TestBroker.CreateVhost();

    public ValueTask DisposeAsync() => broker.DisposeAsync();

    [Theory]
    [InlineData(SingleQueueHost.MassTransit, true)]
    [InlineData(SingleQueueHost.RabbitMq, true)]
    [InlineData(SingleQueueHost.MassTransit, false)]
    [InlineData(SingleQueueHost.RabbitMq, false)]
    public async Task A_plain_consumer_reads_an_event(string transport, bool asEnvelope)
    {
        var consumed = new TaskCompletionSource<ConsumeContext<OrderPlaced>>();
        await using var plain = await StartPlain(rabbit => rabbit.ReceiveEndpoint("plain", endpoint =>
        {
            if (!asEnvelope)
                endpoint.UseRawJsonDeserializer(isDefault: true);
            endpoint.Handler<OrderPlaced>(context =>
            {
                consumed.TrySetResult(context);
                return Task.CompletedTask;
            });
        }));
        var order = new OrderPlaced(
            Guid.CreateVersion7(),
            "customer-1",
            [new("SKU-1", 2)],
            new("Ada", "1 Main Street", "12345", "Springfield", "US"),
            DateTimeOffset.UtcNow);
        var @event = new EventEnvelope(
            Guid.CreateVersion7(),
            OrderPlaced,
            order.OrderId.ToString(),
            1,
            order.OrderId,
            Guid.CreateVersion7(),
            DateTimeOffset.UtcNow,
            TraceParent: null,
            JsonSerializer.SerializeToUtf8Bytes(order, EventTypes.Json));

        await using var ours = await SingleQueueHost.Start(transport, broker, published: [OrderPlaced]);
        await using var publisher = await ours.Transport.Publisher();
        await await publisher.Publish(
            [new(OrderPlaced, WireFormat.Write(@event, traceParent: null, asEnvelope))], TestContext.Current.CancellationToken);

        var received = await consumed.Task.WaitAsync(Eventually.Guard, TestContext.Current.CancellationToken);
        Assert.Equivalent(order, received.Message, strict: true);
        Assert.Equal(@event.EventId, received.MessageId);
        Assert.Equal(@event.CorrelationId, received.CorrelationId);
        Assert.Equal(@event.CausationId, received.InitiatorId);
        Assert.Equal(@event.Stream, received.Headers.Get<string>(WireHeaders.Stream));
    }

    [Theory]
    [InlineData(SingleQueueHost.MassTransit)]
    [InlineData(SingleQueueHost.RabbitMq)]
    public async Task An_event_from_a_plain_publisher_is_read(string transport)
    {
        await using var ours = await SingleQueueHost.Start(transport, broker, consumed: [StockReserved]);
        await using var plain = await StartPlain();
        var (order, id) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var reserved = new StockReserved(order, DateTimeOffset.UtcNow);

        await plain.Bus.Publish(
            reserved,
            context => (context.MessageId, context.CorrelationId) = (id, order),
            TestContext.Current.CancellationToken);

        await Eventually.Is(() => !ours.Received.IsEmpty);
        Assert.True(ours.Received.TryDequeue(out var received));
        Assert.Equal(reserved, received.Read(typeof(StockReserved)));
        Assert.Equal((id, order, order.ToString()), (received.EventId, received.CorrelationId, received.Stream));
        Assert.Equal(StockReserved, received.Type);
    }

    private async Task<PlainApplication> StartPlain(Action<IRabbitMqBusFactoryConfigurator>? configure = null)
    {
        var user = broker.Uri.UserInfo.Split(':');
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(broker.Uri.Host, (ushort)broker.Uri.Port, broker.Vhost, host =>
            {
                host.Username(Uri.UnescapeDataString(user[0]));
                host.Password(Uri.UnescapeDataString(user[1]));
            });
            configure?.Invoke(rabbit);
        });
        await bus.StartAsync(TestContext.Current.CancellationToken);
        return new PlainApplication(bus);
    }

    private sealed record PlainApplication(IBusControl Bus) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            using var limit = new CancellationTokenSource(Eventually.Guard);
            await Bus.StopAsync(limit.Token);
        }
    }
}
