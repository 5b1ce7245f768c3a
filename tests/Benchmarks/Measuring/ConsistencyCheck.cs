using System.Text.Json;
using Npgsql;
using OrderPlatform.Benchmarks.Load;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Measuring;

/// <summary>
/// Checks that everything that was accepted happened exactly once and in order: orders, shipments and stock against the orders
/// that were sent, logs against inboxes event by event. It knows only the tables, not the code that fills them.
/// </summary>
internal sealed class ConsistencyCheck
{
    public const long StockAtFirst = 1_000_000_000;

    private const int MostProblems = 20;

    private readonly Servers servers;
    private readonly IReadOnlyList<(string Run, int Orders)> loads;
    private readonly Baseline baseline;
    private readonly List<string> problems = [];

    private ConsistencyCheck(Servers servers, IReadOnlyList<(string Run, int Orders)> loads, Baseline baseline) =>
        (this.servers, this.loads, this.baseline) = (servers, loads, baseline);

    /// <summary>Compares all data with what was sent.</summary>
    /// <returns>What is wrong; empty when nothing is.</returns>
    public static async Task<List<string>> Check(
        Servers servers, IReadOnlyList<(string Run, int Orders)> loads, Baseline baseline, CancellationToken stoppingToken)
    {
        var check = new ConsistencyCheck(servers, loads, baseline);
        var orders = await check.CheckOrders(stoppingToken);
        await check.CheckStock(stoppingToken);
        await check.CheckShipments(orders, stoppingToken);
        await check.CheckEvents(orders, stoppingToken);
        await check.CheckQueues(stoppingToken);
        return check.problems;
    }

    private void Expect(bool isTrue, FormattableString otherwise)
    {
        if (!isTrue && problems.Count < MostProblems)
            problems.Add(FormattableString.Invariant(otherwise));
    }

    /// <summary>Every order that was sent is there once, with its own lines, and Shipped.</summary>
    private async Task<HashSet<Guid>> CheckOrders(CancellationToken stoppingToken)
    {
        var missing = loads
            .SelectMany(load => Enumerable.Range(0, load.Orders).Select(number => (Customer: Orders.Customer(load.Run, number), number)))
            .ToDictionary(order => order.Customer, order => order.number);
        var orders = new HashSet<Guid>();
        await foreach (var row in Rows(
            "orders", "SELECT id, customer_id, status, lines::text, shipment ->> 'shipmentId' FROM orders", stoppingToken))
        {
            orders.Add(row.GetGuid(0));
            var (customer, status) = (row.GetString(1), row.GetString(2));
            if (!missing.Remove(customer, out var number))
            {
                Expect(false, $"order {row.GetGuid(0)} of {customer} was not sent, or is there twice");
                continue;
            }

            Expect(status == "Shipped", $"order {row.GetGuid(0)} of {customer} is {status}");
            Expect(SameLines(row.GetString(3), number), $"order {row.GetGuid(0)} of {customer} has other lines: {row.GetString(3)}");
        }

        foreach (var customer in missing.Keys)
            Expect(false, $"the order of {customer} is lost");
        return orders;
    }

    private static bool SameLines(string json, int number)
    {
        var (first, second) = Orders.Lines(number);
        using var lines = JsonDocument.Parse(json);
        return lines.RootElement.GetArrayLength() == 2
            && Same(lines.RootElement[0], first)
            && Same(lines.RootElement[1], second);

        static bool Same(JsonElement line, (int Sku, int Quantity) expected) =>
            line.GetProperty("sku").GetString() == Orders.Sku(expected.Sku) && line.GetProperty("quantity").GetInt32() == expected.Quantity;
    }

    /// <summary>The stock of each SKU is reduced by exactly what was ordered of it, and nothing is still reserved.</summary>
    private async Task CheckStock(CancellationToken stoppingToken)
    {
        var expected = Enumerable.Repeat(StockAtFirst, Orders.Skus).ToArray();
        foreach (var (_, count) in loads)
        {
            for (var number = 0; number < count; number++)
            {
                var (first, second) = Orders.Lines(number);
                expected[first.Sku] -= first.Quantity;
                expected[second.Sku] -= second.Quantity;
            }
        }

        var bySku = Enumerable.Range(0, Orders.Skus).ToDictionary(Orders.Sku, sku => expected[sku]);
        await foreach (var row in Rows("inventory", "SELECT sku, available, reserved FROM stock", stoppingToken))
        {
            Expect(bySku.Remove(row.GetString(0), out var available), $"there is stock of {row.GetString(0)}, which was never received");
            Expect(row.GetInt64(1) == available, $"{row.GetString(0)}: {row.GetInt64(1)} available instead of {available}");
            Expect(row.GetInt64(2) == 0, $"{row.GetString(0)}: {row.GetInt64(2)} still reserved");
        }

        Expect(bySku.Count == 0, $"{bySku.Count} SKUs are gone");
    }

    /// <summary>Each order has one reservation and one shipment, and no other order has.</summary>
    private async Task CheckShipments(HashSet<Guid> orders, CancellationToken stoppingToken)
    {
        foreach (var (service, table, done) in new[] { ("inventory", "reservations", "Shipped"), ("shipping", "shipments", "Dispatched") })
        {
            var without = orders.ToHashSet();
            await foreach (var row in Rows(service, $"SELECT order_id, status FROM {table}", stoppingToken))
            {
                Expect(without.Remove(row.GetGuid(0)), $"{table}: a row for {row.GetGuid(0)}, which is not an order or already has one");
                Expect(row.GetString(1) == done, $"{table}: that of {row.GetGuid(0)} is {row.GetString(1)}");
            }

            Expect(without.Count == 0, $"{table}: {without.Count} orders have none");
        }
    }

    /// <summary>
    /// The logs hold each event of each order once, in sequence; each published event is in the inbox of each of its consumers,
    /// which has nothing else; and no consumer had an effect before its cause.
    /// </summary>
    private async Task CheckEvents(HashSet<Guid> orders, CancellationToken stoppingToken)
    {
        var placed = new Dictionary<string, Dictionary<Guid, Guid>>();
        await CheckLog("orders", orders, ["OrderPlaced", "OrderConfirmed", "OrderShipped"], placed, stoppingToken);
        await CheckLog("inventory", orders, ["StockReserved"], placed, stoppingToken);
        await CheckLog("shipping", orders, ["ShipmentDispatched"], placed, stoppingToken);

        await CheckInbox("orders", ["StockReserved", "ShipmentDispatched"], placed, stoppingToken);
        await CheckInbox("inventory", ["OrderPlaced", "ShipmentDispatched"], placed, stoppingToken);
        await CheckInbox("shipping", ["OrderConfirmed"], placed, stoppingToken);
    }

    private async Task CheckLog(
        string service,
        HashSet<Guid> orders,
        string[] story,
        Dictionary<string, Dictionary<Guid, Guid>> eventsByType,
        CancellationToken stoppingToken)
    {
        foreach (var type in story)
            eventsByType[type] = new Dictionary<Guid, Guid>(orders.Count);
        var chapters = new Dictionary<Guid, int>(orders.Count);
        var ids = new HashSet<Guid>();
        var sql = $"""
            SELECT event_id, stream, sequence, type FROM messaging.event_log
            WHERE position > {baseline.Positions[service]}
            ORDER BY position
            """;
        await foreach (var row in Rows(service, sql, stoppingToken))
        {
            var (eventId, order) = (row.GetGuid(0), Guid.Parse(row.GetString(1)));
            var (sequence, type) = (row.GetInt32(2), row.GetString(3).Split(':')[1]);
            var chapter = chapters[order] = chapters.GetValueOrDefault(order) + 1;
            Expect(orders.Contains(order), $"{service}: an event of {order}, which is not an order");
            Expect(ids.Add(eventId), $"{service}: the event {eventId} is there twice");
            Expect(
                sequence == chapter && chapter <= story.Length && type == story[chapter - 1],
                $"{service}: event {sequence} of {order}, the {chapter}. in the log, is {type}");
            eventsByType[type][eventId] = order;
        }

        var unfinished = orders.Count(order => chapters.GetValueOrDefault(order) != story.Length);
        Expect(unfinished == 0, $"{service}: {unfinished} orders do not have {story.Length} events in the log");
        Expect(await Count(service, "SELECT count(*) FROM messaging.deferred_events", stoppingToken) == 0, $"{service}: events are deferred");
        var failed = $"SELECT count(*) FROM messaging.dead_letters WHERE first_failed_at >= '{baseline.At:O}'";
        Expect(await Count(service, failed, stoppingToken) == 0, $"{service}: there are dead letters");
    }

    private async Task CheckInbox(
        string service, string[] types, Dictionary<string, Dictionary<Guid, Guid>> eventsByType, CancellationToken stoppingToken)
    {
        var missing = types.SelectMany((type, place) => eventsByType[type].Select(e => (e.Key, e.Value, place)))
            .ToDictionary(e => e.Key, e => (Order: e.Value, e.place));
        var expected = missing.Count;
        var reached = new Dictionary<Guid, int>();
        var sql = $"SELECT event_id, queue FROM messaging.inbox WHERE received_at >= '{baseline.At:O}' ORDER BY received_at, event_id";
        var entries = 0;
        var times = new List<(Guid Order, int Place, DateTimeOffset At)>(expected);
        await foreach (var row in Rows(service, sql.Replace("queue FROM", "queue, received_at FROM", StringComparison.Ordinal), stoppingToken))
        {
            entries++;
            Expect(row.GetString(1) == service, $"{service}: the inbox has an entry of queue {row.GetString(1)}");
            if (missing.Remove(row.GetGuid(0), out var found))
                times.Add((found.Order, found.place, row.GetFieldValue<DateTimeOffset>(2)));
            else
                Expect(false, $"{service}: the inbox has {row.GetGuid(0)}, which was not published to it");
        }

        Expect(missing.Count == 0, $"{service}: {missing.Count} of {expected} events never reached the inbox");
        Expect(entries == expected, $"{service}: the inbox has {entries} entries instead of {expected}");
        foreach (var (order, place, _) in times)
        {
            Expect(place == reached.GetValueOrDefault(order), $"{service}: {types[place]} of {order} was handled out of order");
            reached[order] = place + 1;
        }
    }

    /// <summary>The logs are published to their ends, and no queue, error queues included, holds anything.</summary>
    private async Task CheckQueues(CancellationToken stoppingToken)
    {
        var deadline = DateTime.UtcNow.AddSeconds(15);
        foreach (var service in Services.Names)
        {
            const string Unpublished =
                "SELECT (SELECT coalesce(max(position), 0) FROM messaging.event_log) - (SELECT position FROM messaging.relay_cursor)";
            long behind;
            while ((behind = await Count(service, Unpublished, stoppingToken)) > 0 && DateTime.UtcNow < deadline)
                await Task.Delay(100, stoppingToken);
            Expect(behind <= 0, $"{service}: the relay's cursor is {behind} positions behind the log");
        }

        // The management API's numbers are some seconds old.
        Dictionary<string, int> depths;
        while ((depths = await servers.QueueDepths(stoppingToken)).Values.Any(depth => depth > 0) && DateTime.UtcNow < deadline)
            await Task.Delay(500, stoppingToken);
        foreach (var (queue, depth) in depths)
            Expect(depth == 0, $"the queue {queue} has {depth} messages");
    }

    private async Task<long> Count(string service, string sql, CancellationToken stoppingToken)
    {
        await foreach (var row in Rows(service, sql, stoppingToken))
            return row.GetInt64(0);
        throw new InvalidOperationException("A count has a row.");
    }

    private async IAsyncEnumerable<NpgsqlDataReader> Rows(
        string service, string sql, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stoppingToken)
    {
        await using var connection = new NpgsqlConnection(servers.DatabaseAsAdministrator(service));
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(stoppingToken);
        while (await reader.ReadAsync(stoppingToken))
            yield return reader;
    }
}

/// <summary>What was in logs and inboxes before the first order: the rows that <c>growth</c> makes.</summary>
/// <param name="Positions">The highest position of each service's log.</param>
/// <param name="At">Earlier inbox entries do not belong to this run.</param>
internal sealed record Baseline(IReadOnlyDictionary<string, long> Positions, DateTimeOffset At);
