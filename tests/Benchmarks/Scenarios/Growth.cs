using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>What an order costs when log and inbox have grown.</summary>
internal static class Growth
{
    public static async Task Run(Options options, Servers servers, Report report, CancellationToken stoppingToken)
    {
        for (var round = 1; round <= options.Rounds; round++)
        {
            Measurement? first = null;
            foreach (var rows in options.Rows)
            {
                var name = FormattableString.Invariant($"{rows:N0} rows {round}");
                var measurement = await Flow.Measure(name, options.Transports[0], options, servers, rows, stoppingToken);
                first ??= measurement;
                report.Add(measurement with
                {
                    More = new Dictionary<string, double>
                    {
                        ["CPU an order, of that with the fewest rows"] = measurement.CpuMilliseconds / first.CpuMilliseconds,
                    },
                });
            }
        }
    }

    /// <summary>
    /// Makes rows as they would have been written, by orders of this week that are done, in every service's log and inbox: in the
    /// partitions that the run itself writes to.
    /// </summary>
    public static async Task MakeRows(Servers servers, long rows, CancellationToken stoppingToken)
    {
        Progress.Say($"making {rows:N0} rows in log and inbox of each service");
        await Task.WhenAll(Services.Names.Select(service => MakeRows(servers.DatabaseAsAdministrator(service), service, rows, stoppingToken)));
        await Servers.Execute(servers.DatabaseAsAdministrator("orders"), "CHECKPOINT", stoppingToken);
    }

    private static async Task MakeRows(string database, string service, long rows, CancellationToken stoppingToken)
    {
        await Servers.Execute(database, MakeLog(rows), stoppingToken);
        await Servers.Execute(database, MakeInbox(service, rows), stoppingToken);
        await Servers.Execute(
            database, "UPDATE messaging.relay_cursor SET position = (SELECT max(position) FROM messaging.event_log)", stoppingToken);
        await Servers.Execute(database, "VACUUM ANALYZE", stoppingToken);
    }

    // Milliseconds since 1970: when the partition of today begins, and most of the time since then.
    private const string ThisWeek =
        """
        LATERAL (SELECT
            (extract(epoch FROM date_trunc('week', now(), 'UTC')) * 1000)::bigint AS since,
            (extract(epoch FROM now() - date_trunc('week', now(), 'UTC')) * 900)::bigint AS span) AS week
        """;

    // Three events an order. The ids are made as UUIDv7 is: the time first, so that they ascend, then a part that makes them unique.
    private static string MakeLog(long rows) =>
        $$"""
        INSERT INTO messaging.event_log
            (event_id, stream, sequence, type, data, correlation_id, causation_id, trace_parent, occurred_at)
        SELECT
            (time || right(md5('event ' || n), 20))::uuid,
            order_id::text,
            1 + n % 3,
            'OrderPlatform.Contracts.Orders:OrderPlaced',
            format('{"orderId":"%s","customerId":"before","lines":[{"sku":"sku-0001","quantity":1},{"sku":"sku-0002","quantity":2}],'
                '"shippingAddress":{"recipient":"Ada Lovelace","street":"12 St James''s Square","city":"London","postalCode":"SW1Y 4JH",'
                '"country":"GB"},"placedAt":"2025-01-01T00:00:00+00:00"}', order_id)::json,
            order_id,
            order_id,
            '00-' || md5('trace ' || n) || '-0000000000000001-00',
            to_timestamp((since + span * n / {{rows}}) / 1000.0)
        FROM generate_series(0, {{rows - 1}}) AS n,
            {{ThisWeek}},
            LATERAL (SELECT
                lpad(to_hex(since + span * (n / 3 * 3) / {{rows}}), 12, '0') AS ordered,
                lpad(to_hex(since + span * n / {{rows}}), 12, '0') AS time) AS t,
            LATERAL (SELECT (ordered || right(md5('order ' || n / 3), 20))::uuid AS order_id) AS o
        """;

    private static string MakeInbox(string queue, long rows) =>
        $$"""
        INSERT INTO messaging.inbox (queue, event_id, received_at)
        SELECT
            '{{queue}}',
            (lpad(to_hex(since + span * n / {{rows}}), 12, '0') || right(md5('received ' || n), 20))::uuid,
            to_timestamp((since + span * n / {{rows}}) / 1000.0)
        FROM generate_series(0, {{rows - 1}}) AS n,
            {{ThisWeek}}
        """;
}
