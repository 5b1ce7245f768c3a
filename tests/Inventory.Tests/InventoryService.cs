using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Contracts.Shipping;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Inventory.Storage;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Testing;

[assembly: AssemblyFixture(typeof(MigratedDatabase))]

namespace OrderPlatform.Inventory.Tests;

/// <summary>The service on Kestrel, with its own database. It has no broker: everything tested here must work without one.</summary>
public sealed class InventoryService : IAsyncLifetime
{
    public static readonly JsonSerializerOptions Json = EventTypes.Json;

    private WebApplicationFactory<Program> host = null!;

    /// <summary>Settings in addition to those that every instance needs.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public TestDatabase Database { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => host.Services;

    public async ValueTask InitializeAsync()
    {
        Database = await MigratedDatabase.CopyFor<InventoryDb>();
        (host, Http) = await Start();
    }

    /// <summary>Starts one more instance on the same database.</summary>
    public async Task<(WebApplicationFactory<Program> Host, HttpClient Http)> Start()
    {
        var instance = new WebApplicationFactory<Program>().WithWebHostBuilder(web => Settings
            .Aggregate(web, (all, setting) => all.UseSetting(setting.Key, setting.Value))
            .UseSetting("urls", "http://127.0.0.1:0")
            .UseSetting("ConnectionStrings:Database", Database.ConnectionString)
            .UseSetting("ConnectionStrings:Broker", TestBroker.Nowhere.ToString())
            .UseSetting("Logging:LogLevel:Default", "Error"));
        instance.UseKestrel();
        instance.StartServer();
        var http = instance.CreateClient().Patient();
        await Eventually.Is(async () => (await http.GetAsync(new Uri("/stock", UriKind.Relative))).IsSuccessStatusCode);
        return (instance, http);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.DisposeAsync();
        await Database.DisposeAsync();
    }

    public Task<HttpResponseMessage> Receive(string sku, object receipt, HttpClient? http = null) =>
        (http ?? Http).PostAsJsonAsync($"/stock/{sku}/receipts", receipt, Json);

    public async Task<string> Stock(int quantity, string? sku = null)
    {
        sku ??= $"sku-{Guid.NewGuid():N}";
        (await Receive(sku, new ReceiptRequest(quantity, $"note-{Guid.NewGuid():N}"))).EnsureSuccessStatusCode();
        return sku;
    }

    public async Task<StockResponse> Get(string sku) => (await Http.GetFromJsonAsync<StockResponse>($"/stock/{sku}", Json))!;

    /// <param name="event">An event of Orders or Shipping.</param>
    /// <param name="eventId">A new id if omitted.</param>
    /// <param name="instance">The first instance if omitted.</param>
    public Task Deliver(object @event, Guid? eventId = null, IServiceProvider? instance = null)
    {
        var (orderId, sequence) = @event switch
        {
            OrderPlaced placed => (placed.OrderId, 1),
            OrderCancelled cancelled => (cancelled.OrderId, 2),
            ShipmentDispatched dispatched => (dispatched.OrderId, 1),
            _ => throw new ArgumentException("Inventory does not consume it.", nameof(@event)),
        };
        return (instance ?? Services).Deliver("inventory", Delivery.Incoming(@event, orderId.ToString(), sequence, eventId));
    }

    public Task<Reservation?> Reservation(Guid orderId) =>
        Query(db => db.Reservations.AsNoTracking().SingleOrDefaultAsync(reservation => reservation.OrderId == orderId));

    /// <summary>The logged events of an order or a SKU.</summary>
    public async Task<object[]> Log(string stream)
    {
        var log = await Query(db => db.Set<LoggedEvent>().Where(e => e.Event.Stream == stream).OrderBy(e => e.Event.Sequence).ToListAsync());
        var types = Services.GetRequiredService<EventTypes>();
        return [.. log.Select(e => types.Read(e.Event))];
    }

    /// <summary>The streams whose events stay in the log.</summary>
    public Task<string[]> Open() => Query(db => Services.GetRequiredService<IOpenStreams>().In(db).ToArrayAsync());

    public Task<int> Deferred() => Query(db => db.Set<DeferredEvent>().CountAsync());

    private async Task<T> Query<T>(Func<InventoryDb, Task<T>> query)
    {
        await using var scope = Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<InventoryDb>());
    }
}
