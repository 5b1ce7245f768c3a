using Npgsql;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>OrderConfirmed → the shipment, dispatched at once.</summary>
internal sealed class ShippingByHand() : HandService("shipping")
{
    private const string TakeOver =
        """
        INSERT INTO messaging.inbox (event_id, queue)
        SELECT event_id, 'shipping' FROM unnest($1) AS event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
        """;

    private const string InsertShipments =
        """
        INSERT INTO shipments (order_id, id, status, lines, shipping_address, tracking_number, attempts, version)
        SELECT order_id, id, 'Dispatched', lines::jsonb, shipping_address::jsonb, tracking_number, 0, 1
        FROM unnest($1, $2, $3, $4, $5) AS s (order_id, id, lines, shipping_address, tracking_number)
        """;

    protected override void Read(Batch batch, NpgsqlBatch reads)
    {
        if (batch.Messages.Count > 0)
            reads.Add(TakeOver, Sql.Column(batch.Messages, message => message.EventId));
    }

    protected override async Task Decide(Batch batch, NpgsqlDataReader? results, NpgsqlBatch writes, List<LogRow> log)
    {
        if (results is null)
            return;
        var fresh = new HashSet<Guid>();
        while (await results.ReadAsync())
            fresh.Add(results.GetGuid(0));

        var now = DateTimeOffset.UtcNow;
        var shipments = new List<Shipment>();
        foreach (var message in batch.Messages.Where(message => fresh.Contains(message.EventId)))
        {
            var shipment = new Shipment(
                HandJson.Id(message.Body, "orderId"u8),
                Guid.CreateVersion7(now),
                HandJson.Text(message.Body, "lines"u8),
                HandJson.Text(message.Body, "shippingAddress"u8));
            shipments.Add(shipment);
            log.Add(LogRow.Of(shipment.OrderId, 1, EventNames.ShipmentDispatched, Dispatched(shipment, now), message.EventId, now));
        }

        if (shipments.Count > 0)
        {
            writes.Add(
                InsertShipments,
                Sql.Column(shipments, s => s.OrderId),
                Sql.Column(shipments, s => s.Id),
                Sql.Column(shipments, s => s.Lines),
                Sql.Column(shipments, s => s.Address),
                Sql.Column(shipments, s => s.TrackingNumber));
        }
    }

    private static string Dispatched(Shipment s, DateTimeOffset at) =>
        $$"""{"orderId":"{{s.OrderId}}","shipmentId":"{{s.Id}}","lines":{{s.Lines}}"""
        + $$""","trackingNumber":"{{s.TrackingNumber}}","dispatchedAt":"{{at.Iso()}}"}""";

    private sealed record Shipment(Guid OrderId, Guid Id, string Lines, string Address)
    {
        public string TrackingNumber { get; } = $"OP{Id:N}";
    }
}
