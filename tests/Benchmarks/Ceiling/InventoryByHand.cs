using Npgsql;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>OrderPlaced → all lines reserved; ShipmentDispatched → they leave the stock.</summary>
internal sealed class InventoryByHand() : HandService("inventory")
{
    private const string TakeOver =
        """
        INSERT INTO messaging.inbox (event_id, queue)
        SELECT event_id, 'inventory' FROM unnest($1) AS event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
        """;

    private const string LockStock = "SELECT sku, available FROM stock WHERE sku = ANY($1) ORDER BY sku FOR UPDATE";

    private const string InsertReservations =
        """
        INSERT INTO reservations (order_id, status, lines, version)
        SELECT order_id, 'Reserved', lines::jsonb, 1 FROM unnest($1, $2) AS r (order_id, lines)
        """;

    private const string ShipReservations =
        "UPDATE reservations SET status = 'Shipped' WHERE order_id = ANY($1) AND status = 'Reserved'";

    // A SKU that many orders of the batch name changes once.
    private const string ChangeStock =
        """
        UPDATE stock SET available = available + c.available_by, reserved = reserved + c.reserved_by
        FROM unnest($1, $2, $3) AS c (sku, available_by, reserved_by)
        WHERE stock.sku = c.sku
        """;

    protected override void Read(Batch batch, NpgsqlBatch reads)
    {
        if (batch.Messages.Count == 0)
            return;
        reads.Add(TakeOver, Sql.Column(batch.Messages, message => message.EventId));
        var skus = batch.Messages.SelectMany(message => HandJson.Lines(message.Body)).Select(line => line.Sku).Distinct();
        reads.Add(LockStock, Sql.Value(skus.ToArray()));
    }

    protected override async Task Decide(Batch batch, NpgsqlDataReader? results, NpgsqlBatch writes, List<LogRow> log)
    {
        if (results is null)
            return;
        var fresh = new HashSet<Guid>();
        while (await results.ReadAsync())
            fresh.Add(results.GetGuid(0));
        await results.NextResultAsync();
        var stock = new Dictionary<string, Stock>();
        while (await results.ReadAsync())
            stock[results.GetString(0)] = new Stock(results.GetInt64(1));

        var (now, reserved, shipped) = (DateTimeOffset.UtcNow, new List<Reservation>(), new List<Guid>());
        foreach (var message in batch.Messages.Where(message => fresh.Contains(message.EventId)))
        {
            var (orderId, lines) = (HandJson.Id(message.Body, "orderId"u8), HandJson.Lines(message.Body));
            if (message.Type == EventNames.ShipmentDispatched)
            {
                shipped.Add(orderId);
                lines.ForEach(line => stock[line.Sku].Ship(line.Quantity));
                continue;
            }

            // The benchmark never orders more than there is; a rejection would be one more event here.
            if (lines.Exists(line => stock[line.Sku].Available < line.Quantity))
                throw new InvalidOperationException($"There is not enough stock for order {orderId}.");
            lines.ForEach(line => stock[line.Sku].Reserve(line.Quantity));
            reserved.Add(new Reservation(orderId, HandJson.Text(message.Body, "lines"u8)));
            log.Add(LogRow.Of(
                orderId,
                1,
                EventNames.StockReserved,
                $$"""{"orderId":"{{orderId}}","reservedAt":"{{now.Iso()}}"}""",
                message.EventId,
                now));
        }

        if (reserved.Count > 0)
            writes.Add(InsertReservations, Sql.Column(reserved, r => r.OrderId), Sql.Column(reserved, r => r.Lines));
        if (shipped.Count > 0)
            writes.Add(ShipReservations, Sql.Value(shipped.ToArray()));
        var changed = stock.Where(item => item.Value.Changed).ToList();
        writes.Add(
            ChangeStock,
            Sql.Column(changed, item => item.Key),
            Sql.Column(changed, item => item.Value.AvailableBy),
            Sql.Column(changed, item => item.Value.ReservedBy));
    }

    private sealed record Reservation(Guid OrderId, string Lines);

    private sealed class Stock(long available)
    {
        public long AvailableBy { get; private set; }

        public long ReservedBy { get; private set; }

        public long Available => available + AvailableBy;

        public bool Changed => AvailableBy != 0 || ReservedBy != 0;

        public void Reserve(int quantity) => (AvailableBy, ReservedBy) = (AvailableBy - quantity, ReservedBy + quantity);

        public void Ship(int quantity) => ReservedBy -= quantity;
    }
}
