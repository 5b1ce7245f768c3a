using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Features;
using OrderPlatform.Shipping.Storage;
using OrderPlatform.Testing;

[assembly: AssemblyFixture(typeof(MigratedDatabase))]

namespace OrderPlatform.Shipping.Tests;

/// <summary>One instance of the service on Kestrel. It has no broker: everything tested here must work without one.</summary>
public sealed class ShippingService : IAsyncDisposable
{
    public static readonly JsonSerializerOptions Json = EventTypes.Json;

    private readonly WebApplicationFactory<Program> host;

    private ShippingService(WebApplicationFactory<Program> host) => (this.host, Http) = (host, host.CreateClient().Patient());

    public HttpClient Http { get; }

    public IServiceProvider Services => host.Services;

    /// <param name="database">Instances that share it share the work.</param>
    /// <param name="settings">
    /// Override the defaults, which make retries quick, keep the circuit closed, and wait for the carrier however slow the machine is.
    /// </param>
    public static async Task<ShippingService> Start(TestDatabase database, params (string Key, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["ConnectionStrings:Database"] = database.ConnectionString,
            ["ConnectionStrings:Broker"] = TestBroker.Nowhere.ToString(),
            ["Logging:LogLevel:Default"] = "Error",
            ["Logging:LogLevel:Polly"] = "None",
            ["Carrier:PollInterval"] = "00:00:00.050",
            ["Carrier:Lease"] = "01:00:00",
            ["Carrier:LongestBackoff"] = "00:00:00.200",
            ["Carrier:Resilience:Retry:Delay"] = "00:00:00.010",
            ["Carrier:Resilience:AttemptTimeout:Timeout"] = "00:05:00",
            ["Carrier:Resilience:TotalRequestTimeout:Timeout"] = "00:10:00",
            ["Carrier:Resilience:CircuitBreaker:SamplingDuration"] = "00:10:00",
            ["Carrier:Resilience:CircuitBreaker:MinimumThroughput"] = "100000",
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        var host = new WebApplicationFactory<Program>().WithWebHostBuilder(web =>
        {
            foreach (var (key, value) in all)
                web.UseSetting(key, value);
        });
        host.UseKestrel();
        host.StartServer();
        var service = new ShippingService(host);
        await Eventually.Is(async () => (await service.Http.GetAsync(new Uri("/shipments", UriKind.Relative))).IsSuccessStatusCode);
        return service;
    }

    /// <summary>Stops gracefully, as on SIGTERM.</summary>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.DisposeAsync();
    }

    /// <param name="event">An event of Orders.</param>
    /// <param name="eventId">A new id if omitted.</param>
    public Task Deliver(object @event, Guid? eventId = null)
    {
        var (orderId, sequence) = @event switch
        {
            OrderConfirmed confirmed => (confirmed.OrderId, 2),
            OrderCancellationRequested requested => (requested.OrderId, 3),
            _ => throw new ArgumentException("Shipping does not consume it.", nameof(@event)),
        };
        return Services.Deliver("shipping", Delivery.Incoming(@event, orderId.ToString(), sequence, eventId));
    }

    /// <returns>The order.</returns>
    public async Task<Guid> Confirm()
    {
        var orderId = Guid.CreateVersion7();
        await Deliver(Given.Confirmed(orderId));
        return orderId;
    }

    public async Task<ShipmentResponse> Get(Guid orderId) =>
        Assert.Single((await Http.GetFromJsonAsync<ShipmentPage>($"/shipments?orderId={orderId}", Json))!.Items);

    public Task Becomes(Guid orderId, ShipmentStatus status) => Eventually.Is(
        async () => (await Get(orderId)).Status == status, description: $"shipment of order {orderId} becomes {status}");

    public Task<HttpResponseMessage> DeliverShipment(Guid id) =>
        Http.PostAsync(new Uri($"/shipments/{id}/delivery", UriKind.Relative), null);

    /// <summary>The logged events of an order.</summary>
    public async Task<string[]> Log(Guid orderId)
    {
        var stream = orderId.ToString();
        var types = await Query(db => db.Set<LoggedEvent>()
            .Where(e => e.Event.Stream == stream)
            .OrderBy(e => e.Event.Sequence)
            .Select(e => e.Event.Type)
            .ToArrayAsync());
        return Array.ConvertAll(types, type => type[(type.IndexOf(':', StringComparison.Ordinal) + 1)..]);
    }

    public Task<int> Deferred() => Query(db => db.Set<DeferredEvent>().CountAsync());

    public async Task<T> Query<T>(Func<ShippingDb, Task<T>> query)
    {
        await using var scope = Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<ShippingDb>());
    }
}

/// <summary>A database, a carrier, and instances of the service on them.</summary>
public abstract class ShippingTest : IAsyncLifetime
{
    private readonly List<ShippingService> instances = [];

    protected TestDatabase Database { get; private set; } = null!;

    protected FakeCarrier Carrier { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await MigratedDatabase.CopyFor<ShippingDb>();
        Carrier = await FakeCarrier.Start();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Task.WhenAll(instances.Select(instance => instance.DisposeAsync().AsTask()));
        await Carrier.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>An instance that asks the fake carrier, unless the settings say otherwise.</summary>
    protected async Task<ShippingService> Start(params (string Key, string Value)[] settings)
    {
        var instance = await ShippingService.Start(
            Database, [("Carrier:Mode", "Http"), ("Carrier:BaseUrl", Carrier.BaseUrl.ToString()), .. settings]);
        instances.Add(instance);
        return instance;
    }

    protected async Task Stop(ShippingService instance)
    {
        instances.Remove(instance);
        await instance.DisposeAsync();
    }
}
