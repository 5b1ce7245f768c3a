using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Orders.Features;
using OrderPlatform.Orders.Storage;
using OrderPlatform.Testing;

[assembly: AssemblyFixture(typeof(MigratedDatabase))]

namespace OrderPlatform.Orders.Tests;

/// <summary>The service on Kestrel, with its own database. It has no broker: everything tested here must work without one.</summary>
public sealed class OrdersService : IAsyncLifetime
{
    public static readonly JsonSerializerOptions Json = EventTypes.Json;

    private Instance instance = null!;

    /// <summary>Settings in addition to those that every instance needs.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public TestDatabase Database { get; private set; } = null!;

    public HttpClient Http => instance.Http;

    public IServiceProvider Services => instance.Services;

    public async ValueTask InitializeAsync()
    {
        Database = await MigratedDatabase.CopyFor<OrdersDb>();
        instance = await Start();
    }

    /// <summary>Starts one more instance on the same database.</summary>
    public async Task<Instance> Start()
    {
        var started = new Instance(Database.ConnectionString, Settings);
        await Eventually.Is(async () =>
        {
            var response = await started.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            var health = await response.Content.ReadFromJsonAsync<JsonElement>();
            return health.GetProperty("checks").GetProperty("database").GetProperty("status").GetString() == "healthy";
        });
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        await instance.DisposeAsync();
        await Database.DisposeAsync();
    }

    public async Task<Guid> Place(string customerId = "customer-7")
    {
        var response = await Http.PostAsJsonAsync("/orders", Given.Request(customerId));
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<OrderState>(Json))!.OrderId;
    }

    /// <summary>Places an order and brings it to a status by the usual events.</summary>
    public async Task<Guid> PlaceUntil(OrderStatus status, string customerId = "customer-7")
    {
        var id = await Place(customerId);
        if (status is OrderStatus.Rejected)
            await Deliver(Given.StockRejected with { OrderId = id });
        if (status is not (OrderStatus.Placed or OrderStatus.Rejected))
            await Deliver(Given.StockReserved with { OrderId = id });
        if (status is OrderStatus.Cancelling or OrderStatus.Cancelled)
            await Cancel(id);
        if (status is OrderStatus.Cancelled)
            await Deliver(Given.ShipmentCancelled with { OrderId = id });
        if (status is OrderStatus.Shipped or OrderStatus.Delivered)
            await Deliver(Given.ShipmentDispatched with { OrderId = id });
        if (status is OrderStatus.Delivered)
            await Deliver(Given.ShipmentDelivered with { OrderId = id });
        return id;
    }

    public Task<HttpResponseMessage> Cancel(Guid id, string reason = "no need") =>
        Http.PostAsJsonAsync($"/orders/{id}/cancellation", new CancelOrderRequest(reason));

    public async Task<OrderDetails> Get(Guid id) => (await Http.GetFromJsonAsync<OrderDetails>($"/orders/{id}", Json))!;

    public async Task<OrderHistory> History(Guid id) => (await Http.GetFromJsonAsync<OrderHistory>($"/orders/{id}/history", Json))!;

    /// <summary>The streams whose events stay in the log.</summary>
    public async Task<string[]> Open()
    {
        await using var scope = Services.CreateAsyncScope();
        return await Services.GetRequiredService<IOpenStreams>().In(scope.ServiceProvider.GetRequiredService<OrdersDb>()).ToArrayAsync();
    }

    public Task Deliver(object @event) => Deliver(Services, @event);

    public static Task Deliver(IServiceProvider instance, object @event, Guid? eventId = null)
    {
        // Sequences count for each producer: Inventory answers an order once, Shipping publishes at most two events about it.
        var (orderId, sequence) = @event switch
        {
            StockReserved reserved => (reserved.OrderId, 1),
            StockRejected rejected => (rejected.OrderId, 1),
            ShipmentDispatched dispatched => (dispatched.OrderId, 1),
            ShipmentCancelled cancelled => (cancelled.OrderId, 1),
            ShipmentDelivered delivered => (delivered.OrderId, 2),
            _ => throw new ArgumentException("Orders does not consume it.", nameof(@event)),
        };
        return instance.Deliver("orders", Delivery.Incoming(@event, orderId.ToString(), sequence, eventId));
    }

    /// <summary>The order's row, and the fold of its events in the log.</summary>
    public async Task<(Order Row, Order Fold)> RowAndFold(Guid id)
    {
        await using var scope = Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDb>();
        var types = Services.GetRequiredService<EventTypes>();
        var stream = id.ToString();
        var log = await db.Set<LoggedEvent>().Where(e => e.Event.Stream == stream).OrderBy(e => e.Event.Sequence).ToListAsync();
        return (
            await db.Orders.AsNoTracking().SingleAsync(order => order.Id == id),
            new Order(id).Fold(log.Select(e => types.Read(e.Event))));
    }
}

/// <summary>One instance of the service, run in the test's process.</summary>
public sealed class Instance : IAsyncDisposable
{
    private readonly WebApplicationFactory<Program> host;

    public Instance(string database, Dictionary<string, string> settings)
    {
        host = new WebApplicationFactory<Program>().WithWebHostBuilder(web => settings
            .Aggregate(web, (all, setting) => all.UseSetting(setting.Key, setting.Value))
            .UseSetting("urls", "http://127.0.0.1:0")
            .UseSetting("ConnectionStrings:Database", database)
            .UseSetting("ConnectionStrings:Broker", TestBroker.Nowhere.ToString())
            .UseSetting("Logging:LogLevel:Default", "Error"));
        host.UseKestrel();
        host.StartServer();
        Http = host.CreateClient().Patient();
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => host.Services;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        try
        {
            await host.DisposeAsync();
        }
        catch (ObjectDisposedException)
        {
            // Program.cs stops the host as well as the factory does, and was faster.
        }
    }
}
