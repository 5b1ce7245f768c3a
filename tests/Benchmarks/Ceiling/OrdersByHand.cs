using Npgsql;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>POST → Placed, StockReserved → Confirmed, ShipmentDispatched → Shipped.</summary>
internal sealed class OrdersByHand() : HandService("orders")
{
    private const string InsertOrders =
        """
        INSERT INTO orders (id, customer_id, status, lines, shipping_address, placed_at, version)
        SELECT id, customer_id, 'Placed', lines::jsonb, shipping_address::jsonb, placed_at, 1
        FROM unnest($1, $2, $3, $4, $5) AS o (id, customer_id, lines, shipping_address, placed_at)
        """;

    private const string Confirm =
        """
        WITH fresh AS (
            INSERT INTO messaging.inbox (event_id, queue)
            SELECT event_id, 'orders' FROM unnest($1) AS event_id
            ON CONFLICT DO NOTHING
            RETURNING event_id)
        UPDATE orders AS o
        SET status = 'Confirmed', confirmed_at = $3, version = o.version + 1
        FROM unnest($1, $2) AS m (event_id, order_id)
        WHERE m.event_id IN (SELECT event_id FROM fresh) AND o.id = m.order_id AND o.status = 'Placed'
        RETURNING m.event_id, o.id, o.version, o.lines::text, o.shipping_address::text
        """;

    private const string Ship =
        """
        WITH fresh AS (
            INSERT INTO messaging.inbox (event_id, queue)
            SELECT event_id, 'orders' FROM unnest($1) AS event_id
            ON CONFLICT DO NOTHING
            RETURNING event_id)
        UPDATE orders AS o
        SET status = 'Shipped', shipment = m.shipment::jsonb, version = o.version + 1
        FROM unnest($1, $2, $3) AS m (event_id, order_id, shipment)
        WHERE m.event_id IN (SELECT event_id FROM fresh) AND o.id = m.order_id AND o.status = 'Confirmed'
        RETURNING m.event_id, o.id, o.version
        """;

    private DateTimeOffset now;
    private List<Message> reserved = [];
    private List<Dispatched> dispatched = [];

    protected override Func<ReadOnlyMemory<byte>, Task<string>> Post => Place;

    protected override void Read(Batch batch, NpgsqlBatch reads)
    {
        now = DateTimeOffset.UtcNow;
        reserved = batch.Messages.FindAll(message => message.Type == EventNames.StockReserved);
        dispatched = [.. batch.Messages.Where(message => message.Type == EventNames.ShipmentDispatched).Select(Dispatched.Read)];
        if (reserved.Count > 0)
        {
            reads.Add(
                Confirm,
                Sql.Column(reserved, message => message.EventId),
                Sql.Column(reserved, message => HandJson.Id(message.Body, "orderId"u8)),
                Sql.Value(now));
        }

        if (dispatched.Count > 0)
        {
            reads.Add(
                Ship,
                Sql.Column(dispatched, d => d.EventId),
                Sql.Column(dispatched, d => d.OrderId),
                Sql.Column(dispatched, d => d.Row));
        }
    }

    protected override async Task Decide(Batch batch, NpgsqlDataReader? results, NpgsqlBatch writes, List<LogRow> log)
    {
        foreach (var order in batch.Orders)
            log.Add(LogRow.Of(order.Id, 1, EventNames.OrderPlaced, Placed(order), cause: null, order.At));
        if (batch.Orders.Count > 0)
        {
            writes.Add(
                InsertOrders,
                Sql.Column(batch.Orders, order => order.Id),
                Sql.Column(batch.Orders, order => order.Customer),
                Sql.Column(batch.Orders, order => order.Lines),
                Sql.Column(batch.Orders, order => order.Address),
                Sql.Column(batch.Orders, order => order.At));
        }

        if (reserved.Count > 0)
        {
            while (await results!.ReadAsync())
            {
                var (cause, orderId) = (results.GetGuid(0), results.GetGuid(1));
                log.Add(LogRow.Of(
                    orderId,
                    results.GetInt32(2),
                    EventNames.OrderConfirmed,
                    Confirmed(orderId, results.GetString(3), results.GetString(4)),
                    cause,
                    now));
            }

            await results.NextResultAsync();
        }

        if (dispatched.Count > 0)
        {
            var shipments = dispatched.ToDictionary(d => d.OrderId);
            while (await results!.ReadAsync())
            {
                var (cause, orderId) = (results.GetGuid(0), results.GetGuid(1));
                log.Add(LogRow.Of(orderId, results.GetInt32(2), EventNames.OrderShipped, shipments[orderId].Shipped, cause, now));
            }
        }
    }

    private async Task<string> Place(ReadOnlyMemory<byte> body)
    {
        var at = DateTimeOffset.UtcNow;
        var order = Read(body.Span, Guid.CreateVersion7(at), at);
        Arrive(order);
        await order.Done.Task;
        // An id has 36 characters, so the body has 68.
        return $"HTTP/1.1 201 Created\r\nLocation: /orders/{order.Id}\r\nContent-Type: application/json; charset=utf-8\r\n"
            + $"Content-Length: 68\r\n\r\n{{\"orderId\":\"{order.Id}\",\"status\":\"placed\"}}";
    }

    private static NewOrder Read(ReadOnlySpan<byte> json, Guid id, DateTimeOffset at)
    {
        HandJson.Lines(json);
        return new NewOrder(
            id,
            HandJson.Text(json, "customerId"u8).Trim('"'),
            HandJson.Text(json, "lines"u8),
            HandJson.Text(json, "shippingAddress"u8),
            at);
    }

    private static string Placed(NewOrder order) =>
        $$"""{"orderId":"{{order.Id}}","customerId":"{{order.Customer}}","lines":{{order.Lines}}"""
        + $$""","shippingAddress":{{order.Address}},"placedAt":"{{order.At.Iso()}}"}""";

    private string Confirmed(Guid orderId, string lines, string address) =>
        $$"""{"orderId":"{{orderId}}","lines":{{lines}},"shippingAddress":{{address}},"confirmedAt":"{{now.Iso()}}"}""";

    private sealed record Dispatched(Guid EventId, Guid OrderId, string ShipmentId, string TrackingNumber, string At)
    {
        /// <summary>As JSON in the order's row.</summary>
        public string Row =>
            $$"""{"shipmentId":{{ShipmentId}},"trackingNumber":{{TrackingNumber}},"dispatchedAt":{{At}},"deliveredAt":null}""";

        /// <summary>The event.</summary>
        public string Shipped =>
            $$"""{"orderId":"{{OrderId}}","shipmentId":{{ShipmentId}},"trackingNumber":{{TrackingNumber}},"dispatchedAt":{{At}}}""";

        public static Dispatched Read(Message message) => new(
            message.EventId,
            HandJson.Id(message.Body, "orderId"u8),
            HandJson.Text(message.Body, "shipmentId"u8),
            HandJson.Text(message.Body, "trackingNumber"u8),
            HandJson.Text(message.Body, "dispatchedAt"u8));
    }
}
