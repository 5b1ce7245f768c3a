using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Orders.Domain;
using OrderPlatform.Testing;

namespace OrderPlatform.Orders.Tests.Operations;

/// <summary>The library's rebuilds, on the rows and events of a real service.</summary>
public sealed class RebuildTests : IAsyncLifetime
{
    private readonly OrdersService orders = new();

    public async ValueTask InitializeAsync()
    {
        orders.Settings["Messaging:JobPollInterval"] = "00:00:00.250";
        orders.Settings["Messaging:BackgroundShare"] = "1";
        await orders.InitializeAsync();
    }

    public ValueTask DisposeAsync() => orders.DisposeAsync();

    [Fact]
    public async Task Finds_no_difference_where_rows_match_their_events()
    {
        foreach (var status in Enum.GetValues<OrderStatus>())
            await orders.PlaceUntil(status);

        var rebuild = await Rebuild("compare");

        AssertCounts(rebuild, @checked: 7, differing: 0, repaired: 0, skipped: 0);
        Assert.Empty(rebuild.GetProperty("differences").EnumerateArray());
    }

    [Fact]
    public async Task Comparing_finds_each_kind_of_difference_and_changes_nothing()
    {
        var (changed, rowless, eventless) = await Damage();

        var rebuild = await Rebuild("compare");

        AssertCounts(rebuild, @checked: 5, differing: 3, repaired: 0, skipped: 0);
        Assert.Equal(
            [$"{changed} differs", $"{rowless} missing-row", $"{eventless} missing-events"],
            Differences(rebuild).Select(d => $"{d.GetProperty("stream")} {d.GetProperty("kind")}").Order());
        var properties = Differences(rebuild).Single(d => d.GetProperty("stream").GetGuid() == changed).GetProperty("properties");
        Assert.Equal(
            ["customerId: \"somebody\" \"customer-7\"", "shipment: null {", "status: \"placed\" \"shipped\""],
            properties.EnumerateArray()
                .Select(p => $"{p.GetProperty("name")}: {p.GetProperty("row").GetRawText()} {p.GetProperty("log").GetRawText()}")
                .Select(text => text.Split('{')[0] + (text.Contains('{', StringComparison.Ordinal) ? "{" : "")).Order());
        Assert.Equal("somebody", (await orders.Get(changed)).CustomerId);
        Assert.Equal(HttpStatusCode.NotFound, (await orders.Http.GetAsync(new Uri($"/orders/{rowless}", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Repairs_rows_from_their_events_and_keeps_a_row_without_events()
    {
        var (changed, rowless, eventless) = await Damage();
        var before = await orders.Get(eventless);

        var rebuild = await Rebuild("repair");

        AssertCounts(rebuild, @checked: 5, differing: 3, repaired: 2, skipped: 0);
        foreach (var id in (Guid[])[changed, rowless])
        {
            var (row, fold) = await orders.RowAndFold(id);
            Assert.Equivalent(fold, row, strict: true);
        }

        Assert.Equal(
            (OrderStatus.Shipped, OrderStatus.Confirmed), ((await orders.Get(changed)).Status, (await orders.Get(rowless)).Status));
        Assert.Equivalent(before, await orders.Get(eventless));
        AssertCounts(await Rebuild("compare"), @checked: 5, differing: 1, repaired: 0, skipped: 0);

        // A repaired order continues.
        Assert.Equal(HttpStatusCode.Accepted, (await orders.Cancel(rowless)).StatusCode);
        Assert.Equal([1, 2, 3], (await orders.History(rowless)).Events.Select(e => e.Sequence));
    }

    [Fact]
    public async Task Skips_orders_whose_events_may_be_archived()
    {
        var (begun, gone, whole) = (
            await orders.PlaceUntil(OrderStatus.Delivered), await orders.PlaceUntil(OrderStatus.Rejected), await orders.Place());
        await Forget(begun, "sequence <= 2");
        await Forget(gone, "true");
        await Archive();
        await Execute($"UPDATE orders SET customer_id = 'somebody' WHERE id IN ('{begun}', '{whole}')");

        var rebuild = await Rebuild("repair");

        AssertCounts(rebuild, @checked: 3, differing: 1, repaired: 1, skipped: 2);
        Assert.Equal([whole], Differences(rebuild).Select(d => d.GetProperty("stream").GetGuid()));
        Assert.Equal(
            [("somebody", OrderStatus.Delivered), ("customer-7", OrderStatus.Rejected), ("customer-7", OrderStatus.Placed)],
            new[] { await orders.Get(begun), await orders.Get(gone), await orders.Get(whole) }
                .Select(order => (order.CustomerId, order.Status)));
    }

    [Theory]
    [InlineData("compare")]
    [InlineData("repair")]
    public async Task Reports_no_difference_while_orders_are_being_processed(string mode)
    {
        using var stop = new CancellationTokenSource();
        var flow = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Flow(stop.Token)));
        var rounds = new List<JsonElement>();

        for (var round = 0; round < 5; round++)
            rounds.Add(await Rebuild(mode));
        await stop.CancelAsync();
        var placed = (await flow).Sum();

        Assert.All(rounds, rebuild => Assert.Equal(0, Number(rebuild, "differing")));
        Assert.InRange(Number(rounds[^1], "checked"), 1, placed);
        AssertCounts(await Rebuild("compare"), placed, differing: 0, repaired: 0, skipped: 0);
    }

    [Fact]
    public async Task Repairs_are_reported_even_if_writing_the_report_failed_at_first()
    {
        var (changed, rowless, _) = await Damage();
        await Execute(
            """
            CREATE SEQUENCE reports;
            CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('reports') = 1 THEN
                    RAISE EXCEPTION 'the first report is lost';
                END IF;
                RETURN new;
            END
            $$;
            CREATE TRIGGER fail_once BEFORE UPDATE ON messaging.rebuilds FOR EACH ROW WHEN (new.repaired > 0) EXECUTE FUNCTION fail_once();
            """);

        var rebuild = await Rebuild("repair");

        Assert.True(await orders.Database.Scalar<long>("SELECT last_value FROM reports") > 1);
        AssertCounts(rebuild, @checked: 5, differing: 3, repaired: 2, skipped: 0);
        Assert.Equal(
            (OrderStatus.Shipped, OrderStatus.Confirmed), ((await orders.Get(changed)).Status, (await orders.Get(rowless)).Status));
    }

    [Fact]
    public async Task Repairs_orders_while_they_are_being_processed()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => orders.Place()));
        await Execute("UPDATE orders SET customer_id = 'somebody', shipping_address = '{}'");

        var flow = Task.WhenAll(ids.Select(id => orders.Deliver(Given.StockReserved with { OrderId = id })));
        var rebuild = await Rebuild("repair");
        await flow;

        Assert.Equal(100, Number(rebuild, "repaired"));
        foreach (var id in ids)
        {
            var (row, fold) = await orders.RowAndFold(id);
            Assert.Equal(OrderStatus.Confirmed, row.Status);
            Assert.Equivalent(fold, row, strict: true);
        }
    }

    [Fact]
    public async Task Reads_many_pages_and_reports_the_first_300_differences()
    {
        await orders.Place();
        await Execute(
            """
            INSERT INTO orders
            SELECT ('0199d0c5-6f1e-7cc3-a1b2-' || lpad(to_hex(n), 12, '0'))::uuid, customer_id, status, lines, shipping_address,
                placed_at, confirmed_at, rejection, cancellation, shipment, version
            FROM orders, generate_series(1, 1600) AS n;
            INSERT INTO messaging.event_log (event_id, stream, sequence, type, data, correlation_id, occurred_at)
            SELECT gen_random_uuid(), o.id::text, 1, type, replace(data::text, correlation_id::text, o.id::text)::json, o.id, occurred_at
            FROM orders o, messaging.event_log WHERE o.id::text <> stream;
            UPDATE orders SET version = 3 WHERE id::text LIKE '0199d0c5-6f1e-7cc3-%'
            """);

        var rebuild = await Rebuild("repair");

        AssertCounts(rebuild, @checked: 1601, differing: 1600, repaired: 1600, skipped: 0);
        Assert.Equal(300, Differences(rebuild).Length);
        AssertCounts(await Rebuild("compare"), @checked: 1601, differing: 0, repaired: 0, skipped: 0);
        var list = await orders.Http.GetFromJsonAsync<JsonElement>("/ops/rebuilds");
        Assert.Equal(
            ["compare", "repair"], list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("mode").GetString()));
        Assert.All(
            list.GetProperty("items").EnumerateArray(),
            item => Assert.Equal(JsonValueKind.Null, item.GetProperty("differences").ValueKind));
    }

    [Fact]
    public async Task Ends_when_cancelled_so_that_another_can_start()
    {
        await orders.Place();
        string job;
        await using (var connection = await orders.Database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var hold = connection.CreateCommand();
            hold.CommandText = "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE";
            await hold.ExecuteNonQueryAsync();
            job = await Start("repair");
            var cancelled = await Cancel(job);
            Assert.Equal("cancelled", cancelled.GetProperty("state").GetString());
            Assert.Equal("cancelled", (await Cancel(job)).GetProperty("state").GetString());
        }

        AssertCounts(await Rebuild("compare"), @checked: 1, differing: 0, repaired: 0, skipped: 0);
        Assert.Equal("cancelled", (await orders.Http.GetFromJsonAsync<JsonElement>(job)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Repairs_nothing_more_after_it_is_cancelled()
    {
        var (changed, _, _) = await Damage();
        await using (var connection = await orders.Database.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            // It has found an order to repair, and waits for its lock.
            await using var hold = connection.CreateCommand();
            hold.CommandText = $"SELECT FROM orders WHERE id = '{changed}' FOR UPDATE";
            await hold.ExecuteNonQueryAsync();
            var job = await Start("repair");
            await Eventually.Is(async () => await orders.Database.Scalar<long>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1);
            await Cancel(job);
        }

        // The next rebuild begins when this one has ended.
        AssertCounts(await Rebuild("compare"), @checked: 5, differing: 3, repaired: 0, skipped: 0);
        var cancelled = (await orders.Http.GetFromJsonAsync<JsonElement>("/ops/rebuilds")).GetProperty("items")[1];
        AssertCounts(cancelled, @checked: 0, differing: 0, repaired: 0, skipped: 0);
        Assert.Equal("somebody", (await orders.Get(changed)).CustomerId);
    }

    [Fact]
    public async Task Fails_and_names_the_event_that_cannot_be_applied()
    {
        var id = await orders.PlaceUntil(OrderStatus.Confirmed);
        await Execute($$"""UPDATE messaging.event_log SET data = '{"orderId":7}' WHERE sequence = 2 AND stream = '{{id}}'""");

        var job = await Start("compare");

        var rebuild = await Becomes(job, "failed");
        Assert.Contains($"Event 2 of stream '{id}', OrderConfirmed", rebuild.GetProperty("error").GetString(), StringComparison.Ordinal);
        var response = await orders.Http.PostAsync(new Uri($"{job}/cancel", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("rebuild-failed", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("""{"mode":"guess"}""", "mode")]
    [InlineData("""{}""", "mode")]
    public async Task Refuses_an_unknown_mode(string request, string field)
    {
        using var body = new StringContent(request, System.Text.Encoding.UTF8, "application/json");
        var response = await orders.Http.PostAsync(new Uri("/ops/rebuilds", UriKind.Relative), body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    /// <summary>
    /// Five orders: one whose row was changed, one whose row is missing, one whose events are missing, and two intact ones.
    /// </summary>
    private async Task<(Guid Changed, Guid Rowless, Guid Eventless)> Damage()
    {
        await orders.PlaceUntil(OrderStatus.Cancelled);
        var changed = await orders.PlaceUntil(OrderStatus.Shipped);
        var rowless = await orders.PlaceUntil(OrderStatus.Confirmed);
        var eventless = await orders.PlaceUntil(OrderStatus.Delivered);
        await orders.Place();
        await Execute($"UPDATE orders SET status = 'Placed', customer_id = 'somebody', shipment = NULL WHERE id = '{changed}'");
        await Execute($"DELETE FROM orders WHERE id = '{rowless}'");
        await Forget(eventless, "sequence = 2");
        return (changed, rowless, eventless);
    }

    private Task Forget(Guid id, string which) => Execute($"DELETE FROM messaging.event_log WHERE stream = '{id}' AND {which}");

    /// <summary>Simulates retention: events older than next week may be in an archive.</summary>
    private Task Archive() => Execute(
        """
        DO $$
        DECLARE
            later uuid := messaging.first_id(now() + interval '1 day');
            part record;
        BEGIN
            FOR part IN SELECT name FROM messaging.partitions('event_log') WHERE name <> 'event_log_default' LOOP
                EXECUTE format('ALTER TABLE messaging.event_log DETACH PARTITION messaging.%I', part.name);
            END LOOP;
            EXECUTE format(
                'ALTER TABLE messaging.event_log ATTACH PARTITION messaging.event_log_past FOR VALUES FROM (MINVALUE) TO (%L)', later);
            FOR part IN SELECT relname AS name FROM pg_class WHERE relname ~ '^event_log_[0-9]{8}$' LOOP
                EXECUTE format('INSERT INTO messaging.event_log OVERRIDING SYSTEM VALUE SELECT * FROM messaging.%I', part.name);
            END LOOP;
        END $$
        """);

    /// <summary>Places orders one after another until it is stopped.</summary>
    /// <returns>The number of orders.</returns>
    private async Task<int> Flow(CancellationToken stoppingToken)
    {
        var count = 0;
        for (; !stoppingToken.IsCancellationRequested; count++)
            await orders.PlaceUntil(count % 2 == 0 ? OrderStatus.Delivered : OrderStatus.Cancelled);
        return count;
    }

    private async Task<string> Start(string mode)
    {
        using var response = await orders.Http.PostAsJsonAsync("/ops/rebuilds", new { mode });
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return response.Headers.Location!.ToString();
    }

    private async Task<JsonElement> Rebuild(string mode) => await Becomes(await Start(mode), "completed");

    private async Task<JsonElement> Becomes(string job, string state)
    {
        JsonElement rebuild = default;
        await Eventually.Is(async () =>
            (rebuild = await orders.Http.GetFromJsonAsync<JsonElement>(job)).GetProperty("state").GetString() == state);
        return rebuild;
    }

    private async Task<JsonElement> Cancel(string job)
    {
        using var response = await orders.Http.PostAsync(new Uri($"{job}/cancel", UriKind.Relative), null);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task Execute(string sql)
    {
        await using var command = orders.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static JsonElement[] Differences(JsonElement rebuild) => [.. rebuild.GetProperty("differences").EnumerateArray()];

    private static long Number(JsonElement rebuild, string property) => rebuild.GetProperty(property).GetInt64();

    private static void AssertCounts(JsonElement rebuild, int @checked, int differing, int repaired, int skipped) => Assert.Equal(
        (@checked, differing, repaired, skipped),
        (Number(rebuild, "checked"), Number(rebuild, "differing"), Number(rebuild, "repaired"), Number(rebuild, "skipped")));
}
