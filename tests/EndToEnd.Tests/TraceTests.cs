namespace OrderPlatform.EndToEnd.Tests;

/// <summary>What the three services export to an OpenTelemetry collector.</summary>
[Collection(nameof(TracedPlatform))]
public sealed class TraceTests(TracedPlatform traced) : PlatformTest(traced.Platform)
{
    private DateTimeOffset begin;

    /// <summary>The spans since the test began.</summary>
    private IReadOnlyCollection<Span> Spans => [.. traced.Collector.Spans.Where(span => span.StartedAt >= begin)];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        begin = DateTimeOffset.UtcNow;
    }

    [Fact]
    public async Task One_trace_follows_an_order_through_all_services_to_its_delivery()
    {
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");
        await Shop.Deliver((await Shop.Shipment(order))!.Value.GetProperty("shipmentId").GetGuid());
        await Shop.Becomes(order, "delivered");

        string[] untilConfirmed =
        [
            "orders: POST /orders/",
            "orders: publish OrderPlaced",
            "inventory: inventory process OrderPlaced",
            "inventory: publish StockReserved",
            "orders: orders process StockReserved",
            "orders: publish OrderConfirmed",
            "shipping: shipping process OrderConfirmed",
        ];
        string[] untilDispatched = [.. untilConfirmed, "shipping: book shipment", "shipping: publish ShipmentDispatched"];
        Assert.Equal([.. untilDispatched, "orders: orders process ShipmentDispatched"], await PathTo("orders process ShipmentDispatched"));
        Assert.Equal(
            [.. untilDispatched, "inventory: inventory process ShipmentDispatched"],
            await PathTo("inventory process ShipmentDispatched"));
        Assert.Equal(
            [
                .. untilConfirmed,
                "shipping: deliver shipment",
                "shipping: publish ShipmentDelivered",
                "orders: orders process ShipmentDelivered",
            ],
            await PathTo("orders process ShipmentDelivered"));

        // The request that reports the delivery has its own trace, which is linked.
        var told = await Exported("POST /shipments/{id:guid}/delivery");
        Assert.Equal([told.Id], (await Exported("deliver shipment")).Links);
        Assert.NotEqual(told.TraceId, (await Exported("POST /orders/")).TraceId);

        // A transaction with one message belongs to that message's trace.
        var commit = Spans.Single(span => span.Name == "inventory commit" && span.ParentId == Id("publish OrderPlaced"));
        Assert.Equal([commit.ParentId], commit.Links);
        Assert.Contains(Spans, span => span.Source == "Npgsql" && span.ParentId == commit.Id);
    }

    [Fact]
    public async Task A_transaction_with_many_messages_is_linked_to_each_of_them()
    {
        const int Orders = 10;
        var sku = await Shop.Stock(Orders);
        await using var placed = await Watch.Start(Platform, "Orders:OrderPlaced");
        Inventory.DatabaseProxy.Freeze();
        for (var i = 0; i < Orders; i++)
            await Shop.Place(sku);
        var arrived = 0;
        await Eventually.Is(async () => (arrived += (await placed.Take()).Count) == Orders);
        Inventory.DatabaseProxy.Open();
        await Eventually.Is(() => Spans.Count(span => span.Name == "orders process ShipmentDispatched") == Orders);

        var published = Spans.Where(span => span.Name == "publish OrderPlaced").Select(span => span.Id);
        await Eventually.Is(() => Commits().Sum(commit => commit.Links.Count) >= Orders);
        Assert.Equal(published.Order(), Commits().SelectMany(commit => commit.Links).Order());
        var group = Commits().MaxBy(commit => commit.Links.Count)!;
        Assert.InRange(group.Links.Count, 2, Orders);
        Assert.Equal("", group.ParentId);
        Assert.Contains(Spans, span => span.Source == "Npgsql" && span.TraceId == group.TraceId);
        Assert.All(
            Spans.Where(span => span.Name == "inventory process OrderPlaced"), span => Assert.Contains(span.ParentId, published));

        IReadOnlyList<Span> Commits() =>
            [.. Spans.Where(span => span.Name == "inventory commit" && span.Links.Any(published.Contains))];
    }

    [Fact]
    public async Task Only_requests_and_transactions_start_traces()
    {
        var sku = await Shop.Stock(1);
        await Shop.Becomes(await Shop.Place(sku), "shipped");
        await Exported("inventory process ShipmentDispatched");

        Assert.Contains(Spans, span => span.Source == "Npgsql");
        Assert.All(
            Spans.Where(span => span.ParentId.Length == 0),
            span => Assert.True(span.Kind == SpanKind.Server || span.Name.EndsWith(" commit", StringComparison.Ordinal), $"{span}"));
        Assert.DoesNotContain(Spans, span => span.Name.Contains("/health", StringComparison.Ordinal));
    }

    /// <summary>Waits for the only span of that name.</summary>
    private async Task<Span> Exported(string name)
    {
        await Eventually.Is(() => Spans.Any(span => span.Name == name), description: $"a span '{name}' is exported");
        return Spans.Single(span => span.Name == name);
    }

    private string Id(string name) => Spans.Single(span => span.Name == name).Id;

    /// <summary>The path from the root of a trace to a span.</summary>
    private async Task<IReadOnlyList<string>> PathTo(string name)
    {
        var way = new LinkedList<string>();
        for (var span = await Exported(name); ; span = await Parent(span))
        {
            way.AddFirst($"{span.Service}: {span.Name}");
            if (span.ParentId.Length == 0)
                return [.. way];
        }

        async Task<Span> Parent(Span child)
        {
            // Each service exports independently: a parent may arrive after its child.
            await Eventually.Is(() => Spans.Any(span => span.Id == child.ParentId), description: $"the parent of {child} is exported");
            var parent = Spans.Single(span => span.Id == child.ParentId);
            Assert.Equal(child.TraceId, parent.TraceId);
            return parent;
        }
    }
}

/// <summary>A platform whose services export their traces to a collector, and on which no test causes a fault.</summary>
[CollectionDefinition(nameof(TracedPlatform))]
public sealed class TracedPlatform : IAsyncLifetime, ICollectionFixture<TracedPlatform>
{
    public TraceCollector Collector { get; private set; } = null!;

    public Platform Platform { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Collector = await TraceCollector.Start();
        Platform = new Platform { Settings = Collector.Settings };
        await Platform.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Platform.DisposeAsync();
        await Collector.DisposeAsync();
    }
}
