using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>The HTTP requests of customers and the warehouse, and checks that the data of all three services agree.</summary>
public sealed class Shop(Platform platform)
{
    /// <summary>Adds stock of a new SKU.</summary>
    public async Task<string> Stock(int quantity)
    {
        var sku = $"sku-{Guid.NewGuid():N}";
        using var response = await platform.Inventory.Http.PostAsJsonAsync(
            $"stock/{sku}/receipts", new { quantity, reference = "initial" });
        response.EnsureSuccessStatusCode();
        return sku;
    }

    /// <summary>Places an order.</summary>
    public Task<Guid> Place(string sku, int quantity = 1) => Place([(sku, quantity)]);

    /// <summary>Places an order, and repeats the request until it is answered.</summary>
    /// <param name="lines">The lines of the order.</param>
    /// <param name="traceParent">The trace that the request belongs to.</param>
    public async Task<Guid> Place((string Sku, int Quantity)[] lines, string? traceParent = null)
    {
        var key = Guid.NewGuid().ToString();
        Guid id = default;
        await Eventually.Is(
            async () => (id = await TryPlace(lines, key, traceParent)) != default, "an order is accepted");
        return id;
    }

    /// <summary>Customers who order single units of a SKU until they are told to stop.</summary>
    public Load Load(string sku) => new(() => Place(sku));

    public async Task<JsonElement> Get(Guid order) => await platform.Orders.Http.GetFromJsonAsync<JsonElement>($"orders/{order}");

    public async Task<string> Status(Guid order) => (await Get(order)).GetProperty("status").GetString()!;

    public Task Becomes(Guid order, string status) =>
        Eventually.Is(async () => await Status(order) == status, description: $"order {order} is {status}");

    /// <summary>The names of an order's events, in order; asserts that their sequences have no gap.</summary>
    public async Task<IReadOnlyList<string>> History(Guid order)
    {
        var history = await platform.Orders.Http.GetFromJsonAsync<JsonElement>($"orders/{order}/history");
        var events = history.GetProperty("events").EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(1, events.Length), events.Select(e => e.GetProperty("sequence").GetInt32()));
        return [.. events.Select(e => e.GetProperty("type").GetString()!)];
    }

    /// <summary>Requests the cancellation of an order.</summary>
    /// <returns>The status code, and the order's status or the code of the refusal.</returns>
    public async Task<(HttpStatusCode Code, string Says)> Cancel(Guid order)
    {
        using var response = await platform.Orders.Http.PostAsJsonAsync($"orders/{order}/cancellation", new { reason = "Changed my mind" });
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (response.StatusCode, body.GetProperty(response.IsSuccessStatusCode ? "status" : "code").GetString()!);
    }

    /// <summary>The shipment of an order; null while there is none.</summary>
    public async Task<JsonElement?> Shipment(Guid order)
    {
        var page = await platform.Shipping.Http.GetFromJsonAsync<JsonElement>($"shipments?orderId={order}");
        return page.GetProperty("items").EnumerateArray().Select(item => (JsonElement?)item).SingleOrDefault();
    }

    public async Task Deliver(Guid shipment)
    {
        using var response = await platform.Shipping.Http.PostAsync(new Uri($"shipments/{shipment}/delivery", UriKind.Relative), null);
        response.EnsureSuccessStatusCode();
    }

    public async Task<(long Available, long Reserved)> StockOf(string sku)
    {
        var stock = await platform.Inventory.Http.GetFromJsonAsync<JsonElement>($"stock/{sku}");
        return (stock.GetProperty("available").GetInt64(), stock.GetProperty("reserved").GetInt64());
    }

    /// <summary>
    /// Waits until the orders of a SKU have completed, and asserts that nothing was lost or duplicated: exactly these orders exist, the
    /// services agree about each of them, no event took effect twice, nothing is left over, and the stock equals the received units less
    /// the shipped ones.
    /// </summary>
    /// <returns>The number of orders by final status.</returns>
    public async Task<IReadOnlyDictionary<string, int>> Balance(string sku, IReadOnlyCollection<Guid> orders)
    {
        try
        {
            await Eventually.Is(async () => await IsSettled(sku));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The orders did not complete: {await Summary(sku)}");
        }

        var (placed, reservations, shipments) = await RowsOf(sku);
        Assert.Equal(orders.Order(), placed.Keys.Order());
        Assert.Equal(orders.Order(), reservations.Keys.Order());
        Assert.All(orders, order => Assert.Contains(
            (placed[order].Status, reservations[order].Status, shipments.GetValueOrDefault(order, ("none", 0)).Status),
            new[]
            {
                ("Shipped", "Shipped", "Dispatched"),
                ("Delivered", "Shipped", "Delivered"),
                ("Cancelled", "Released", "Cancelled"),
                ("Cancelled", "Released", "none"),
                ("Cancelled", "Rejected", "none"),
                ("Rejected", "Rejected", "none"),
            }));
        Assert.All(shipments.Keys, order => Assert.Contains(order, orders));

        var received = await platform.Inventory.Database.Scalar<long>(
            $"""
             SELECT coalesce(sum((data->>'quantity')::bigint), 0)::bigint FROM messaging.event_log
             WHERE type LIKE '%:StockReceived' AND data->>'sku' = '{sku}'
             """);
        var shipped = reservations.Values.Where(reservation => reservation.Status == "Shipped").Sum(reservation => reservation.Quantity);
        Assert.Equal((received - shipped, 0), await StockOf(sku));

        foreach (var service in platform.Services)
            await AssertNothingDuplicatedOrLeft(service, orders);
        return placed.Values.CountBy(order => order.Status).ToDictionary();
    }

    private async Task<Guid> TryPlace((string Sku, int Quantity)[] lines, string key, string? traceParent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "orders")
        {
            Headers = { { "Idempotency-Key", key } },
            Content = SampleOrder.Of(lines),
        };
        if (traceParent is not null)
            request.Headers.Add("traceparent", traceParent);
        try
        {
            using var response = await platform.Orders.Http.SendAsync(request);
            if (response.StatusCode is HttpStatusCode.InternalServerError or HttpStatusCode.ServiceUnavailable)
                return default;
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("orderId").GetGuid();
        }
        catch (OperationCanceledException)
        {
            // No answer: the order may have been placed or not. The idempotency key makes sure that it is placed once.
            return default;
        }
    }

    private async Task<bool> IsSettled(string sku)
    {
        var (placed, reservations, shipments) = await RowsOf(sku);
        return placed.All(order => order.Value.Status is "Shipped" or "Delivered" or "Cancelled" or "Rejected")
            && placed.Keys.All(order => reservations.TryGetValue(order, out var reservation) && reservation.Status != "Reserved")
            && reservations.Keys.All(order => placed[order].Status is not "Cancelled" || reservations[order].Status is not "Reserved")
            && shipments.Values.All(shipment => shipment.Status != "Pending");
    }

    private async Task<string> Summary(string sku)
    {
        var (placed, reservations, shipments) = await RowsOf(sku);
        return $"orders: {Counts(placed)}; reservations: {Counts(reservations)}; shipments: {Counts(shipments)}";

        static string Counts(Rows rows) =>
            string.Join(", ", rows.Values.CountBy(row => row.Status).Select(count => $"{count.Value} {count.Key}"));
    }

    private async Task<(Rows Orders, Rows Reservations, Rows Shipments)> RowsOf(string sku) => (
        await Read(platform.Orders, "id", "orders", sku),
        await Read(platform.Inventory, "order_id", "reservations", sku),
        await Read(platform.Shipping, "order_id", "shipments", sku));

    private static async Task<Rows> Read(Service service, string key, string table, string sku)
    {
        await using var command = service.Database.Source.CreateCommand(
            $"""
             SELECT {key}, status, (line->>'quantity')::bigint
             FROM {table}, jsonb_array_elements(lines) AS line
             WHERE line->>'sku' = $1
             """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = sku });
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new Rows();
        while (await reader.ReadAsync())
            rows[reader.GetGuid(0)] = (reader.GetString(1), reader.GetInt64(2));
        return rows;
    }

    private async Task AssertNothingDuplicatedOrLeft(Service service, IEnumerable<Guid> orders)
    {
        var ids = $"string_to_array('{string.Join(',', orders)}', ',')";
        Assert.Equal(0, await service.Database.Scalar<long>(
            $"""
             SELECT count(*) FROM (
                 SELECT FROM messaging.event_log WHERE correlation_id = ANY ({ids}::uuid[])
                 GROUP BY correlation_id, type HAVING count(*) > 1) AS duplicates
             """));

        // A message that failed is in the error queue for a moment, and then a dead letter.
        await using var connection = await platform.Connect();
        await using var channel = await connection.CreateChannelAsync();
        foreach (var queue in service.Queues.Skip(1))
            await Eventually.Is(async () => await channel.MessageCountAsync(queue) == 0, $"{queue} is empty");
        await Eventually.Is(
            async () => await service.Database.Scalar<long>(
                $"SELECT count(*) FROM messaging.deferred_events WHERE stream = ANY ({ids})") == 0,
            $"no event of these orders is deferred in {service.Name}");
        Assert.Equal(0, await service.Database.Scalar<long>(
            $"SELECT count(*) FROM messaging.dead_letters WHERE stream = ANY ({ids}) AND state NOT IN ('resolved', 'discarded')"));
    }

    /// <summary>Status and number of units, by order.</summary>
    private sealed class Rows : Dictionary<Guid, (string Status, long Quantity)>;
}

/// <summary>Customers who order until they are told to stop.</summary>
public sealed class Load : IAsyncDisposable
{
    private const int Customers = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(60);

    private readonly ConcurrentBag<Guid> orders = [];
    private readonly Task[] customers;
    private volatile bool stopped;

    public Load(Func<Task<Guid>> place) => customers = [.. Enumerable.Range(0, Customers).Select(_ => Run(place))];

    public int Count => orders.Count;

    /// <summary>Waits until this many orders were placed, since it began.</summary>
    public Task Reaches(int count) => Eventually.Is(() => Count >= count, $"{count} orders are placed");

    /// <returns>All orders that were placed.</returns>
    public async Task<IReadOnlyCollection<Guid>> Stop()
    {
        stopped = true;
        await Task.WhenAll(customers);
        return orders;
    }

    public async ValueTask DisposeAsync()
    {
        stopped = true;
        await Task.WhenAll(customers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task Run(Func<Task<Guid>> place)
    {
        while (!stopped)
        {
            orders.Add(await place());
            await Task.Delay(Pause);
        }
    }
}
