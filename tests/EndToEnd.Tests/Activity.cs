using Npgsql;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>
/// Work that is still in progress on a platform. A test that starts meanwhile would see the effects of the test before it: rising counters,
/// redelivered messages, orders that complete.
/// </summary>
internal sealed class Activity(Platform platform)
{
    // The carrier may not have been told yet that a shipment is cancelled.
    private static readonly (string Service, string What, string Count)[] Business =
    [
        ("Orders", "orders in flight", "FROM orders WHERE status NOT IN ('Shipped', 'Delivered', 'Cancelled', 'Rejected')"),
        ("Inventory", "reservations in flight", "FROM reservations WHERE status = 'Reserved'"),
        ("Shipping", "shipments in flight", "FROM shipments WHERE status = 'Pending' OR next_attempt_at IS NOT NULL"),
    ];

    private static readonly (string What, string Count)[] Messaging =
    [
        (
            "unpublished events",
            """
            FROM messaging.event_log, messaging.relay_cursor AS cursor
            WHERE (event_log.position > cursor.position OR event_log.position = ANY (cursor.gaps)) AND type = ANY ($1)
            """),
        ("deferred events", "FROM messaging.deferred_events"),
        ("open dead letters", "FROM messaging.dead_letters WHERE state NOT IN ('resolved', 'discarded')"),
        ("running replays", "FROM messaging.replays WHERE state = 'running'"),
        ("running rebuilds", "FROM messaging.rebuilds WHERE state = 'running'"),
    ];

    /// <summary>The position in a producer's log up to which all events had been received when the platform was last quiet.</summary>
    private readonly Dictionary<Service, long> received = [];

    /// <summary>One line per activity, such as <c>Orders: 3 orders in flight</c>; empty on a quiet platform.</summary>
    public async Task<IReadOnlyList<string>> Find()
    {
        var found = new List<string>();
        foreach (var service in platform.Services)
        {
            var counts = Business.Where(business => business.Service == service.Name).Select(business => (business.What, business.Count));
            foreach (var (what, count) in counts.Concat(Messaging))
            {
                await using var command = service.Database.Source.CreateCommand($"SELECT count(*) {count}");
                if (count.Contains("$1", StringComparison.Ordinal))
                    command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = platform.PublishedTypes });
                if (await command.ExecuteScalarAsync() is long and > 0 and var number)
                    found.Add($"{service.Name}: {number} {what}");
            }
        }

        await using var connection = await platform.Connect();
        await using var channel = await connection.CreateChannelAsync();
        foreach (var queue in platform.Services.SelectMany(service => service.Queues))
        {
            if (await channel.MessageCountAsync(queue) is > 0 and var number)
                found.Add($"queue {queue}: {number} messages");
        }

        return found.Count > 0 ? found : await FindUnreceived();
    }

    /// <summary>
    /// Looks for published events that a consumer has neither received nor filed as a dead letter. Their messages are delivered and not
    /// acknowledged: the broker counts those, but its answer is seconds old.
    /// </summary>
    private async Task<IReadOnlyList<string>> FindUnreceived()
    {
        var latest = new Dictionary<Service, long>();
        var events = new List<(Guid Id, string Type)>();
        foreach (var producer in platform.Services)
        {
            await using var command = producer.Database.Source.CreateCommand(
                "SELECT event_id, type, position FROM messaging.event_log WHERE position > $1");
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = received.GetValueOrDefault(producer) });
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                events.Add((reader.GetGuid(0), reader.GetString(1)));
                latest[producer] = Math.Max(latest.GetValueOrDefault(producer), reader.GetInt64(2));
            }
        }

        var found = new List<string>();
        foreach (var consumer in platform.Services)
        {
            var queue = consumer.Name.ToLowerInvariant();
            var types = platform.ConsumedTypes[queue].ToHashSet();
            await using var command = consumer.Database.Source.CreateCommand(
                """
                SELECT count(*) FROM unnest($1) AS published (event_id)
                WHERE NOT EXISTS (SELECT FROM messaging.inbox WHERE inbox.event_id = published.event_id AND inbox.queue = $2)
                  AND NOT EXISTS (
                      SELECT FROM messaging.dead_letters AS letter WHERE letter.event_id = published.event_id AND letter.queue = $2)
                """);
            command.Parameters.Add(new NpgsqlParameter<Guid[]>
            {
                TypedValue = [.. events.Where(published => types.Contains(published.Type)).Select(published => published.Id)],
            });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = queue });
            if (await command.ExecuteScalarAsync() is long and > 0 and var number)
                found.Add($"{consumer.Name}: {number} unreceived events");
        }

        if (found.Count == 0)
        {
            foreach (var (producer, position) in latest)
                received[producer] = position;
        }

        return found;
    }
}
