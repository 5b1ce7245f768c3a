using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>
/// Background jobs that run while orders flow: retention that archives an old partition and drops it, a replay of past orders, a rebuild
/// that compares every order with its events, and many dead letters, some of which are redriven. All that they send was
/// handled before, so the consistency check still holds.
/// </summary>
internal sealed class Jobs : IDisposable
{
    private const int OldEvents = 100_000;
    private const int ReplayedPerSecond = 50;
    private const int RedrivenPerSecond = 20;

    private static readonly string[] Replayed = ["OrderPlaced"];

    // Of two months ago, in their own partition, and below all positions that the relay reads.
    private static string InsertOldEvents(string partition) =>
        $$"""
        SELECT messaging.create_partition('event_log', '{{partition}}');
        ALTER TABLE messaging.event_log DETACH PARTITION messaging.event_log_past;
        SELECT messaging.attach_partition('event_log', '{{partition}}', format(
            'FOR VALUES FROM (%L) TO (%L)',
            messaging.first_id(now() - interval '67 days'),
            messaging.first_id(now() - interval '60 days')));
        SELECT messaging.attach_partition(
            'event_log', 'event_log_past', format('FOR VALUES FROM (MINVALUE) TO (%L)', messaging.first_id(now() - interval '67 days')));
        INSERT INTO messaging.event_log
            (position, event_id, stream, sequence, type, data, correlation_id, causation_id, trace_parent, occurred_at)
        OVERRIDING SYSTEM VALUE
        SELECT
            n - {{OldEvents}}, event_id, event_id, 1, 'OrderPlatform.Contracts.Inventory:StockReserved',
            json_build_object('orderId', event_id), event_id, event_id, '00-' || md5('trace ' || n) || '-0000000000000001-00', occurred_at
        FROM generate_series(1, {{OldEvents}}) AS n,
            LATERAL (SELECT now() - interval '66 days' + n * interval '1 second' AS occurred_at) AS t,
            LATERAL (SELECT (left(messaging.first_id(occurred_at)::text, 14) || right(md5('old ' || n), 20))::uuid AS event_id) AS e
        """;

    // The first ones are the oldest, and copies of handled events; the rest only wait.
    private const string InsertDeadLetters =
        """
        INSERT INTO messaging.dead_letters (
            id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
            properties, headers, body, first_failed_at, last_failed_at, state)
        SELECT
            gen_random_uuid(), 'inventory', 'error', event_id::text, event_id::text, event_id, type, stream, 1, 'ReserveStock',
            'System.InvalidOperationException', 'This is a benchmark.',
            json_build_object('messageId', event_id, 'correlationId', stream, 'contentType', 'application/json'),
            json_build_object('MT-MessageType', 'urn:message:' || type, 'stream', stream, 'sequence', 1, 'occurred-at', now()),
            convert_to(data, 'UTF8'), failed_at, failed_at, 'waiting'
        FROM generate_series(1, $4) AS n,
            LATERAL (SELECT
                coalesce($1[n], gen_random_uuid()) AS event_id,
                coalesce($2[n], gen_random_uuid()::text) AS stream,
                coalesce($3[n], $3[1]) AS data,
                'OrderPlatform.Contracts.Orders:OrderPlaced' AS type,
                now() - interval '1 day' + n * interval '1 millisecond' AS failed_at) AS letter
        """;

    private readonly Trial trial;
    private readonly HttpClient http = new();
    private readonly CancellationTokenSource ended = new();
    private readonly List<Func<CancellationToken, Task<(string What, double Number)>>> running = [];

    private Jobs(Trial trial) => this.trial = trial;

    /// <summary>The services' settings for the jobs; archives of earlier runs are deleted.</summary>
    public static IReadOnlyDictionary<string, string> Settings(Servers servers)
    {
        var archive = Path.Combine(servers.Logs, "archive");
        if (Directory.Exists(archive))
            Directory.Delete(archive, recursive: true);
        return new Dictionary<string, string>
        {
            ["Messaging__Retention__Interval"] = "00:00:05",
            ["Messaging__Retention__LogDays"] = "30",
            ["Messaging__Retention__InboxDays"] = "30",
            ["Messaging__Retention__Archive__Directory"] = archive,
        };
    }

    /// <summary>Starts some of them; the orders of the warm-up are the past.</summary>
    public static async Task<Jobs> Start(IReadOnlyList<string> names, Trial trial, CancellationToken stoppingToken)
    {
        var jobs = new Jobs(trial);
        foreach (var name in names)
        {
            jobs.running.Add(await (name switch
            {
                "retention" => jobs.Retain(stoppingToken),
                "replay" => jobs.Replay(stoppingToken),
                "rebuild" => jobs.Rebuild(),
                "redrive" => jobs.Redrive(stoppingToken),
                _ => throw new ArgumentException($"There is no job '{name}'.", nameof(names)),
            }));
        }

        // The run must not pay for pages that creating the rows has left to be written.
        await Servers.Execute(trial.Servers.DatabaseAsAdministrator("orders"), "CHECKPOINT", stoppingToken);
        return jobs;
    }

    /// <summary>Ends them, and reports what they have done meanwhile.</summary>
    /// <exception cref="InvalidOperationException">One has done nothing: nothing was measured.</exception>
    public async Task<IReadOnlyDictionary<string, double>> Stop(CancellationToken stoppingToken)
    {
        await ended.CancelAsync();
        var done = new Dictionary<string, double>();
        foreach (var end in running)
        {
            var (what, number) = await end(stoppingToken);
            done[what] = number > 0 ? number : throw new InvalidOperationException($"The jobs did not work: {number} {what}.");
        }

        return done;
    }

    public void Dispose()
    {
        ended.Dispose();
        http.Dispose();
    }

    private async Task<Func<CancellationToken, Task<(string What, double Number)>>> Retain(CancellationToken stoppingToken)
    {
        Progress.Say($"{OldEvents:N0} old events");
        var inventory = trial.Servers.DatabaseAsAdministrator("inventory");
        // An archive keeps its name. Made by the administrator, the partition is to be dropped by the service.
        var partition = $"event_log_old_{DateTime.UtcNow:HHmmss}";
        await Servers.Execute(inventory, InsertOldEvents(partition), stoppingToken);
        await Servers.Execute(inventory, $"ALTER TABLE messaging.{partition} OWNER TO inventory", stoppingToken);
        await Servers.Execute(inventory, $"VACUUM ANALYZE messaging.{partition}", stoppingToken);
        return async stoppingToken =>
        {
            // It continues until the partition is dropped, so that nothing of it is left to the next run.
            var began = Stopwatch.StartNew();
            while (await Scalar("inventory", $"SELECT count(*) FROM pg_class WHERE relname = '{partition}'", stoppingToken) > 0)
            {
                if (began.Elapsed > TimeSpan.FromMinutes(1))
                    throw new TimeoutException($"{partition} was not archived in a minute. See inventory's log.");
                await Task.Delay(TimeSpan.FromMilliseconds(200), stoppingToken);
            }

            return ("events archived", OldEvents);
        };
    }

    private async Task<Func<CancellationToken, Task<(string What, double Number)>>> Replay(CancellationToken stoppingToken)
    {
        var replay = await Post(
            "orders", "ops/replays", new { queue = "inventory", types = Replayed, perSecond = ReplayedPerSecond }, stoppingToken);
        return async stoppingToken =>
        {
            var sent = (await Get(replay, stoppingToken)).GetProperty("sent").GetInt64();
            await Post("orders", $"{replay.AbsolutePath}/cancel".TrimStart('/'), new { }, stoppingToken);
            return ("events replayed", sent);
        };
    }

    private async Task<Func<CancellationToken, Task<(string What, double Number)>>> Redrive(CancellationToken stoppingToken)
    {
        Progress.Say($"{trial.Options.DeadLetters:N0} dead letters");
        var copies = await FileDeadLetters(stoppingToken);
        await Post("inventory", "ops/dead-letters/redrives", new { filter = new { }, limit = copies, perSecond = RedrivenPerSecond }, stoppingToken);
        return async stoppingToken =>
        {
            // Scheduled redrives would continue during the consistency check.
            await Servers.Execute(
                trial.Servers.DatabaseAsAdministrator("inventory"),
                "UPDATE messaging.dead_letters SET state = 'waiting' WHERE state = 'scheduled'",
                stoppingToken);
            var redriven = await Scalar("inventory", "SELECT count(*) FROM messaging.dead_letters WHERE state <> 'waiting'", stoppingToken);
            await Servers.Execute(
                trial.Servers.DatabaseAsAdministrator("inventory"),
                """
                TRUNCATE messaging.dead_letters, messaging.dead_letter_actions;
                DELETE FROM messaging.redrives WHERE per_second IS NOT NULL
                """,
                stoppingToken);
            return ("dead letters redriven", redriven);
        };
    }

    private Task<Func<CancellationToken, Task<(string What, double Number)>>> Rebuild()
    {
        var comparing = Compare(ended.Token);
        return Task.FromResult<Func<CancellationToken, Task<(string, double)>>>(
            async _ => ("orders compared with their events", await comparing));
    }

    /// <summary>All orders, again and again.</summary>
    /// <returns>How many were compared.</returns>
    private async Task<double> Compare(CancellationToken stoppingToken)
    {
        var compared = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var job = await Post("orders", "ops/rebuilds", new { mode = "compare" }, CancellationToken.None);
            JsonElement state;
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), stoppingToken).ContinueWith(_ => { }, TaskScheduler.Default);
                if (stoppingToken.IsCancellationRequested)
                    await Post("orders", $"{job.AbsolutePath}/cancel".TrimStart('/'), new { }, CancellationToken.None);
                state = await Get(job, CancellationToken.None);
            }
            while (state.GetProperty("state").GetString() == "running");

            if (state.GetProperty("differing").GetInt64() > 0)
                throw new InvalidOperationException($"Rows differ from their events: {state}");
            compared += state.GetProperty("checked").GetInt32();
        }

        return compared;
    }

    /// <summary>Copies of orders that Inventory has long handled; ids beyond them are made up, and never redriven.</summary>
    /// <returns>How many copies.</returns>
    private async Task<int> FileDeadLetters(CancellationToken stoppingToken)
    {
        var past = new List<(Guid EventId, string Stream, string Data)>();
        await using (var orders = new NpgsqlConnection(trial.Servers.DatabaseAsAdministrator("orders")))
        {
            await orders.OpenAsync(stoppingToken);
            await using var select = new NpgsqlCommand(
                """
                SELECT event_id, stream, data::text FROM messaging.event_log
                WHERE type LIKE '%:OrderPlaced'
                ORDER BY position
                LIMIT 10000
                """,
                orders);
            await using var row = await select.ExecuteReaderAsync(stoppingToken);
            while (await row.ReadAsync(stoppingToken))
                past.Add((row.GetGuid(0), row.GetString(1), row.GetString(2)));
        }

        await using var inventory = new NpgsqlConnection(trial.Servers.DatabaseAsAdministrator("inventory"));
        await inventory.OpenAsync(stoppingToken);
        await using var insert = new NpgsqlCommand(InsertDeadLetters, inventory) { CommandTimeout = 0 };
        insert.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. past.Select(e => e.EventId)] });
        insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. past.Select(e => e.Stream)] });
        insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. past.Select(e => e.Data)] });
        insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = trial.Options.DeadLetters });
        await insert.ExecuteNonQueryAsync(stoppingToken);
        await Servers.Execute(trial.Servers.DatabaseAsAdministrator("inventory"), "VACUUM ANALYZE messaging.dead_letters", stoppingToken);
        return past.Count;
    }

    private async Task<long> Scalar(string service, string sql, CancellationToken stoppingToken)
    {
        await using var connection = new NpgsqlConnection(trial.Servers.DatabaseAsAdministrator(service));
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(stoppingToken))!;
    }

    private async Task<Uri> Post(string service, string path, object body, CancellationToken stoppingToken)
    {
        var url = new Uri(trial.Services.UrlOf(service), path);
        using var response = await http.PostAsJsonAsync(url, body, stoppingToken);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"POST {url}: {await response.Content.ReadAsStringAsync(stoppingToken)}");
        return response.Headers.Location is { } location ? new Uri(url, location) : url;
    }

    private Task<JsonElement> Get(Uri url, CancellationToken stoppingToken) => http.GetFromJsonAsync<JsonElement>(url, stoppingToken);
}
