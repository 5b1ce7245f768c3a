using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>
/// What keeps house, all of it at work while orders flow: retention that looks every second, a replay of past orders, a rebuild that compares
/// every order with its events, and a hundred thousand dead letters, some of which are redriven. All that they send was handled before, so
/// the books stay as they are.
/// </summary>
internal sealed class Jobs : IDisposable
{
    private const int DeadLetters = 100_000;
    private const int ReplayedPerSecond = 50;
    private const int RedrivenPerSecond = 20;

    private static readonly string[] Replayed = ["OrderPlaced"];

    // The first are copies of what was handled, and the oldest; the rest only waits.
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
    private Uri replay = null!;
    private Task<int> rebuilding = null!;

    private Jobs(Trial trial) => this.trial = trial;

    /// <summary>What the services are told for it.</summary>
    public static IReadOnlyDictionary<string, string> Settings(Servers servers) => new Dictionary<string, string>
    {
        ["Messaging__Retention__Interval"] = "00:00:01",
        ["Messaging__Retention__LogDays"] = "30",
        ["Messaging__Retention__InboxDays"] = "30",
        ["Messaging__Retention__Archive__Directory"] = Path.Combine(servers.Logs, "archive"),
    };

    /// <summary>Starts them; the orders of the warm-up are the past.</summary>
    public static async Task<Jobs> Start(Trial trial, CancellationToken stop)
    {
        var jobs = new Jobs(trial);
        Progress.Say($"{DeadLetters:N0} dead letters");
        var copies = await jobs.FileDeadLetters(stop);
        await jobs.Post("inventory", "ops/dead-letters/redrives", new { filter = new { }, limit = copies, perSecond = RedrivenPerSecond }, stop);
        jobs.replay = await jobs.Post(
            "orders", "ops/replays", new { queue = "inventory", types = Replayed, perSecond = ReplayedPerSecond }, stop);
        jobs.rebuilding = jobs.Rebuild(jobs.ended.Token);
        return jobs;
    }

    /// <summary>Ends them, and says what they have done meanwhile.</summary>
    public async Task<IReadOnlyDictionary<string, double>> Stop(CancellationToken stop)
    {
        await ended.CancelAsync();
        var compared = await rebuilding;
        var replayed = (await Get(replay, stop)).GetProperty("sent").GetInt64();
        await Post("orders", new Uri(replay, $"{replay.AbsolutePath}/cancel").AbsolutePath.TrimStart('/'), new { }, stop);
        await using var inventory = new NpgsqlConnection(trial.Servers.DatabaseAsAdministrator("inventory"));
        await inventory.OpenAsync(stop);
        // What is scheduled would go on while the books are checked.
        await using var command = new NpgsqlCommand(
            "UPDATE messaging.dead_letters SET state = 'waiting' WHERE state = 'scheduled'; SELECT count(*) FROM messaging.dead_letters WHERE state <> 'waiting'",
            inventory);
        var redriven = (long)(await command.ExecuteScalarAsync(stop))!;
        if (compared == 0 || replayed == 0 || redriven == 0)
            throw new InvalidOperationException($"The jobs did not work: {compared} orders compared, {replayed} events replayed, {redriven} messages redriven.");
        return new Dictionary<string, double>
        {
            ["orders compared with their events"] = compared,
            ["events replayed"] = replayed,
            ["dead letters redriven"] = redriven,
        };
    }

    public void Dispose()
    {
        ended.Dispose();
        http.Dispose();
    }

    /// <summary>One after the other.</summary>
    private async Task<int> Rebuild(CancellationToken stop)
    {
        var (compared, underWay) = (0, 0);
        try
        {
            while (true)
            {
                var job = await Post("orders", "ops/rebuilds", new { mode = "compare" }, stop);
                JsonElement state;
                do
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(500), stop);
                    state = await Get(job, stop);
                    underWay = state.GetProperty("checked").GetInt32();
                }
                while (state.GetProperty("state").GetString() == "running");

                if (state.GetProperty("differing").GetInt64() > 0)
                    throw new InvalidOperationException($"Rows differ from their events: {state}");
                (compared, underWay) = (compared + underWay, 0);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return compared + underWay;
        }
    }

    /// <summary>Copies of orders that Inventory has long handled; ids beyond them are made up, and never redriven.</summary>
    /// <returns>How many copies.</returns>
    private async Task<int> FileDeadLetters(CancellationToken stop)
    {
        var past = new List<(Guid EventId, string Stream, string Data)>();
        await using (var orders = new NpgsqlConnection(trial.Servers.DatabaseAsAdministrator("orders")))
        {
            await orders.OpenAsync(stop);
            await using var select = new NpgsqlCommand(
                "SELECT event_id, stream, data::text FROM messaging.event_log WHERE type LIKE '%:OrderPlaced' ORDER BY position LIMIT 10000", orders);
            await using var row = await select.ExecuteReaderAsync(stop);
            while (await row.ReadAsync(stop))
                past.Add((row.GetGuid(0), row.GetString(1), row.GetString(2)));
        }

        await using var inventory = new NpgsqlConnection(trial.Servers.DatabaseAsAdministrator("inventory"));
        await inventory.OpenAsync(stop);
        await using var insert = new NpgsqlCommand(InsertDeadLetters, inventory) { CommandTimeout = 0 };
        insert.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. past.Select(e => e.EventId)] });
        insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. past.Select(e => e.Stream)] });
        insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. past.Select(e => e.Data)] });
        insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = DeadLetters });
        await insert.ExecuteNonQueryAsync(stop);
        await Servers.Execute(trial.Servers.DatabaseAsAdministrator("inventory"), "VACUUM ANALYZE messaging.dead_letters", stop);
        return past.Count;
    }

    private async Task<Uri> Post(string service, string path, object body, CancellationToken stop)
    {
        var url = new Uri(trial.Services.UrlOf(service), path);
        using var response = await http.PostAsJsonAsync(url, body, stop);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"POST {url}: {await response.Content.ReadAsStringAsync(stop)}");
        return response.Headers.Location is { } location ? new Uri(url, location) : url;
    }

    private Task<JsonElement> Get(Uri url, CancellationToken stop) => http.GetFromJsonAsync<JsonElement>(url, stop);
}
