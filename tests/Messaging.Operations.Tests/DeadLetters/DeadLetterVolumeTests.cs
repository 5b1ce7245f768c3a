using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.DeadLetters;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterVolumeTests : DeadLetterTest
{
    private const int Many = 100_000;

    [LongFact]
    public async Task A_hundred_thousand_are_listed_grouped_and_redriven_at_a_rate_and_by_index()
    {
        var service = await Service().Start();
        await Insert(1, Many - 100);
        await Insert(Many - 99, 100, "Deposited", "System.FormatException");
        await Database.Execute("ANALYZE messaging.dead_letters");

        var stream = await Database.Scalar<string>("SELECT stream FROM messaging.dead_letters WHERE exception_message = 'poison 500'");
        var last = await Database.Scalar<DateTime>("SELECT max(last_failed_at) FROM messaging.dead_letters");
        (DeadLetterFilter Filter, int Found)[] filters =
        [
            (new(), 50),
            (new(State: DeadLetterState.Waiting), 50),
            (new(State: DeadLetterState.Redriven), 0),
            (new(Type: "Deposited"), 50),
            (new(Type: "OrderPlatform.Messaging.Testing:Deposited"), 50),
            (new(Type: "Elsewhere:Deposited"), 0),
            (new(Exception: "System.FormatException"), 50),
            (new(Handler: "TallyOpening"), 50),
            (new(Handler: "Nobody"), 0),
            (new(Stream: stream), 1),
            (new(Queue: "ledger"), 50),
            (new(Queue: "elsewhere"), 0),
            (new(Since: last, State: DeadLetterState.Waiting), 1),
            (new(Until: last.AddDays(-1)), 0),
            (new(Text: "poison 99999"), 1),
        ];
        foreach (var (filter, found) in filters)
        {
            Assert.Equal(found, (await List(service, Query(filter))).Length);
            await using var command = Database.Source.CreateCommand();
            command.CommandText = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "
                + ListDeadLetters.Sql(command.Parameters, filter, after: null, 51);
            var plan = await Plan(command);
            Assert.True(plan.Contains("Index", StringComparison.Ordinal) && !plan.Contains("Seq Scan", StringComparison.Ordinal)
                && !plan.Contains("Sort", StringComparison.Ordinal), $"{filter}:\n{plan}");
        }

        await Pages(service);

        var groups = (await Get(service, "/groups?state=waiting&queue=ledger")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal([Many - 100, 100], groups.Select(group => group.GetProperty("count").GetInt32()));
        Assert.Equal("System.FormatException", groups[1].GetProperty("exceptionType").GetString());

        var began = DateTimeOffset.UtcNow;
        var (status, answer) = await Post(
            service, "/redrives", new { filter = new { state = "waiting" }, perSecond = 0.5, reason = "all of it" });
        Assert.Equal((202, Many, Many), (status, answer.GetProperty("matched").GetInt32(), answer.GetProperty("scheduled").GetInt32()));
        Assert.Equal((Many - 1) / 0.5, (answer.GetProperty("lastAt").GetDateTimeOffset() - began).TotalSeconds, tolerance: 300);
        Assert.Equal(0, await Database.Scalar<long>(
            """
            SELECT count(*) FROM (
                SELECT redrive_at - lag(redrive_at) OVER (ORDER BY stream, sequence, id) AS step FROM messaging.dead_letters) AS steps
            WHERE step < '1.999 seconds' OR step > '2.001 seconds'
            """));
        Assert.Equal(Many, await Database.Scalar<long>(
            "SELECT count(*) FROM messaging.dead_letter_actions WHERE who = 'anna' AND reason = 'all of it'"));
        await Eventually.Is(async () => await DeadLetters("state <> 'scheduled'") > 0);
        Assert.True(await DeadLetters("state <> 'scheduled'") < 1 + (DateTimeOffset.UtcNow - began).TotalSeconds);
        await AssertBackgroundGoesByIndex(service);
        await Database.Execute("ANALYZE messaging.dead_letters");
        await AssertBackgroundGoesByIndex(service);

        // Other messages are handled and filed meanwhile.
        var account = Guid.CreateVersion7();
        await Send(Message(account, 1, new Opened(account)));
        await Eventually.Is(async () => await service.Tally(account) is not null);
        await Fail(service, Guid.CreateVersion7());
    }

    private static string Query(DeadLetterFilter filter) => string.Join(
        '&',
        JsonSerializer.SerializeToElement(filter, EventTypes.Json).EnumerateObject()
            .Where(property => property.Value.ValueKind == JsonValueKind.String)
            .Select(property => $"{property.Name}={Uri.EscapeDataString(property.Value.GetString()!)}"));

    /// <summary>Each once, the newest first; also where a text is searched for.</summary>
    private static async Task Pages(SampleHost service)
    {
        foreach (var (query, expected) in ((string, int)[])[("limit=40&type=Deposited", 100), ("limit=200&text=poison 1000", 12)])
        {
            var seen = new List<JsonElement>();
            string? after = null;
            do
            {
                var page = await Get(service, $"?{query}{(after is null ? "" : $"&after={after}")}");
                seen.AddRange(page.GetProperty("items").EnumerateArray());
                after = page.GetProperty("next").GetString();
            }
            while (after is not null);

            Assert.Equal(expected, seen.Select(letter => letter.GetProperty("id").GetGuid()).Distinct().Count());
            var times = seen.Select(letter => letter.GetProperty("lastFailedAt").GetDateTimeOffset()).ToArray();
            Assert.Equal(times.OrderDescending(), times);
        }
    }

    /// <summary>With the settings of the service's own connections, regardless of the statistics.</summary>
    private static async Task AssertBackgroundGoesByIndex(SampleHost service)
    {
        const string Due = "dead_letters_redrive_id_due_at_idx";
        var source = service.Services.GetRequiredService<NpgsqlDataSource>();
        NpgsqlParameter[] none = [];
        string[] queues = ["ledger"], states = ["waiting"];
        (string Sql, string Index, NpgsqlParameter[] Parameters)[] statements =
        [
            (RedriveWorker.SelectDue, Due, [NpgsqlAccess.Value(100)]),
            (RedriveWorker.SelectNext, Due, none),
            (DeadLetterReconciler.EndRedrives, Due, [NpgsqlAccess.Value(Redrives.Lasting)]),
            (DeadLetterCounts.SelectQueues, "dead_letters_queue_", none),
            (
                DeadLetterReconciler.Resolve,
                "dead_letters_unresolved_since_id_idx",
                [
                    NpgsqlAccess.Value(DateTimeOffset.MinValue),
                    NpgsqlAccess.Value(Guid.Empty),
                    NpgsqlAccess.Value(1000),
                    NpgsqlAccess.Value("ledger"),
                ]),
            (DeadLetterReconciler.SelectClosed, "dead_letters_id_idx", [NpgsqlAccess.Value(queues)]),
            (
                DeadLetterCounts.Select,
                "dead_letters_state_queue",
                [NpgsqlAccess.Value(queues), NpgsqlAccess.Value(states), NpgsqlAccess.Value(10_000)]),
        ];
        foreach (var (sql, index, parameters) in statements)
        {
            await using var command = source.CreateCommand("EXPLAIN (COSTS OFF) " + sql);
            command.Parameters.AddRange(parameters);
            var plan = (await Plan(command)).Split('\n');
            var wrong = plan.Where(line => line.Contains(" on dead_letters", StringComparison.Ordinal)
                && !line.Contains(index, StringComparison.Ordinal)
                && !line.Contains("Bitmap Heap Scan", StringComparison.Ordinal)
                && !line.Contains("Update on", StringComparison.Ordinal)
                && !line.Contains("dead_letters_pkey", StringComparison.Ordinal));
            Assert.True(!wrong.Any(), $"Not by {index}:\n{string.Join('\n', plan)}");
        }
    }

    private static async Task<string> Plan(NpgsqlCommand explain)
    {
        await using var reader = await explain.ExecuteReaderAsync(Cancellation);
        var plan = new List<string>();
        while (await reader.ReadAsync(Cancellation))
            plan.Add(reader.GetString(0));
        return string.Join('\n', plan);
    }
}
