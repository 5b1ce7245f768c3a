using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

public sealed class ReplayTests : SampleServiceTest
{
    private const string Replays = "/ops/replays";

    protected override SampleServiceBuilder Service() => base.Service().WithHttp();

    [Fact]
    public async Task A_new_consumer_learns_the_past_in_order_and_goes_on_with_the_present()
    {
        var accounts = await Past(20);
        var service = await Service().WithHandlers(Learn.AddTo).Start();
        await IsConsumed(Learn.Queue);

        var replay = await Completes(service, new { queue = Learn.Queue });

        await service.Append(accounts[0], new Closed(accounts[0]));
        await Learned(service, 20, "opened 1 2 3");
        await Eventually.Is(async () => await LessonOf(service, accounts[0]) == "opened 1 2 3 closed");
        Assert.Equal((80, 80), (Number(replay, "sent"), Number(replay, "total")));
        Assert.Equal(0u, await Ready($"{Learn.Queue}_skipped"));
    }

    [Fact]
    public async Task A_consumer_that_lost_its_state_gets_it_back_and_what_it_still_has_takes_no_effect_again()
    {
        var service = await Service().Start();
        await Past(service, 6);
        await Tallied(service, 6);
        var since = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        var lost = await Past(service, 4);
        await Tallied(service, 10);

        Assert.Equal(4 * 4, await Lose(lost, since));
        await Completes(service, new { queue = "ledger" });

        await Tallied(service, 10);
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 6 * 4);
        Assert.Equal(10 * 3, await service.Query(db => db.Tallies.SumAsync(tally => tally.Changes)));
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(10 + 4, scrape["""messaging_handled_total{queue="ledger",event="Opened"}"""]);
        Assert.Equal(30 + 12, scrape["""messaging_handled_total{queue="ledger",event="Deposited"}"""]);

        // What is sent again says nothing of how fast events flow.
        Assert.Equal(10, scrape["""messaging_delivery_delay_seconds_count{queue="ledger",event="Opened"}"""]);
    }

    [Fact]
    public async Task A_replay_skips_closed_letters_and_resumes_deferred_events()
    {
        var service = await Service().With("Messaging:Retries", "0").Start();
        var since = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        var lost = await Past(service, 2);
        await Tallied(service, 2);
        // Of each the opening fails, and three deposits wait for it.
        Guid[] accounts = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
        Array.ForEach(accounts, account => Poison.Add(account));
        await Past(service, accounts);
        await Eventually.Is(async () => await Database.Scalar<long>("SELECT count(*) FROM messaging.deferred_events") == 9);
        await DeadLettersBecome(3, "state = 'waiting'");
        Array.ForEach(accounts, Poison.Remove);
        await Close(accounts[0], "discard");
        await Close(accounts[1], "resolve");

        Assert.Equal(2 * 4, await Lose(lost, since));
        var replay = await Completes(service, new { queue = "ledger" });

        Assert.Equal(5 * 4, Number(replay, "sent"));
        await Tallied(service, 2 + 1);
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 2 + 9);
        Assert.Equal(
            lost.Append(accounts[2]).Order(), await service.Query(db => db.Tallies.Select(tally => tally.Id).Order().ToArrayAsync()));
        Assert.Equal(3 * 3, await service.Query(db => db.Tallies.SumAsync(tally => tally.Changes)));
        Assert.Equal(2 * 3, await Database.Scalar<long>("SELECT count(*) FROM messaging.deferred_events"));

        async Task Close(Guid account, string how)
        {
            var letter = await Database.Scalar<Guid>($"SELECT id FROM messaging.dead_letters WHERE stream = '{account}'");
            using var response = await service.Http.PostAsJsonAsync(
                $"/ops/dead-letters/{letter}/{how}", new { reason = "It must not happen", followers = "wait" }, Cancellation);
            response.EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_sent()
    {
        await Past(3);
        var begin = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        var service = await Service().WithHandlers(Learn.AddTo).Start();
        await IsConsumed(Learn.Queue);
        var accounts = await Past(service, 3);
        var end = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        await Past(service, 3);
        await Learned(service, 6, "opened 1 2 3");

        Assert.Equal(36, await Sent(service, new { queue = Learn.Queue }));
        Assert.Equal(9, await Sent(service, new { queue = Learn.Queue, types = Types("Opened") }));
        Assert.Equal(
            27, await Sent(service, new { queue = Learn.Queue, types = Types("OrderPlatform.Messaging.Testing:Deposited", "Closed") }));
        Assert.Equal(12, await Sent(service, new { queue = Learn.Queue, from = begin, until = end }));
        Assert.Equal(24, await Sent(service, new { queue = Learn.Queue, from = begin }));
        Assert.Equal(12, await Sent(service, new { queue = Learn.Queue, until = begin }));
        Assert.Equal(8, await Sent(service, new { queue = Learn.Queue, streams = accounts[1..] }));
        Assert.Equal(3, await Sent(service, new { queue = Learn.Queue, streams = accounts[..1], types = Types("Deposited"), until = end }));
        Assert.Equal(0, await Sent(service, new { queue = Learn.Queue, from = end.AddHours(1) }));
    }

    [Fact]
    public async Task A_dry_run_counts_and_sends_nothing()
    {
        var accounts = await Past(3);
        var service = await Service().Start();

        var response = await service.Http.PostAsJsonAsync(
            Replays, new { queue = "ledger", streams = accounts[..2], dryRun = true }, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(8, Number(await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation), "events"));
        Assert.Equal(0, await Database.Scalar<long>("SELECT count(*) FROM messaging.replays"));
    }

    [Fact]
    public async Task Pauses_where_it_stands_goes_on_from_there_and_ends_when_cancelled()
    {
        await Past(30);
        var service = await Service().WithHandlers(Learn.AddTo).Start();
        await IsConsumed(Learn.Queue);
        var job = await service.StartJob(Replays, new { queue = Learn.Queue, perSecond = 40 });
        await Eventually.Is(async () => Number(await service.Job(job), "sent") > 0);

        var paused = await Change(service, job, "pause");
        var rest = await SettledAt(service, job);
        Assert.Equal("paused", paused.GetProperty("state").GetString());
        Assert.InRange(Number(rest, "sent"), 1, 119);
        Assert.Equal(120, Number(rest, "total"));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("endedAt").ValueKind);

        // One that is started meanwhile does not wait for it.
        await Completes(service, new { queue = "ledger", types = Types("Opened") });
        Assert.Equal(Number(rest, "sent"), Number(await service.Job(job), "sent"));

        await Change(service, job, "resume");
        await Eventually.Is(async () => Number(await service.Job(job), "sent") > Number(rest, "sent"));
        await Change(service, job, "cancel");
        rest = await SettledAt(service, job);
        Assert.Equal("cancelled", rest.GetProperty("state").GetString());
        Assert.NotEqual(JsonValueKind.Null, rest.GetProperty("endedAt").ValueKind);
        await Eventually.Is(async () => await Inbox(Learn.Queue) == Number(rest, "sent"));
        Assert.Equal(HttpStatusCode.Conflict, (await service.Http.PostAsync($"{job}/resume", null, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Fails_and_says_how_many_when_events_leave_the_log_under_it()
    {
        await Past(30);
        var service = await Service().WithHandlers(Learn.AddTo).Start();
        await IsConsumed(Learn.Queue);
        var job = await service.StartJob(Replays, new { queue = Learn.Queue, perSecond = 40 });
        await Eventually.Is(async () => Number(await service.Job(job), "sent") > 0);
        await Change(service, job, "pause");
        var sent = Number(await SettledAt(service, job), "sent");

        await using (var retention = Database.Source.CreateCommand("DELETE FROM messaging.event_log"))
            await retention.ExecuteNonQueryAsync(Cancellation);
        await Change(service, job, "resume");

        await Eventually.Is(async () => (await service.Job(job)).GetProperty("state").GetString() == "failed");
        Assert.Contains(
            $"{120 - sent} events have left the log", (await service.Job(job)).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    /// <summary>The worst moment: the broker has confirmed a batch, and the row does not say so yet.</summary>
    [Fact]
    public async Task A_process_that_ends_between_confirm_and_cursor_sends_the_batch_again_and_nothing_is_missing()
    {
        await Past(25);
        var service = await Service().WithHandlers(Learn.AddTo).With("Messaging:Replays:BatchSize", "40").Start();
        await IsConsumed(Learn.Queue);
        string job;
        await using (var connection = await Database.Source.OpenConnectionAsync(Cancellation))
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            job = await service.StartJob(Replays, new { queue = Learn.Queue, perSecond = 20 });
            await using var hold = new NpgsqlCommand("SELECT id FROM messaging.replays FOR UPDATE", connection);
            await hold.ExecuteNonQueryAsync(Cancellation);
            await Eventually.Is(async () => await Database.Scalar<long>(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%messaging.replays%'
                """) == 1);

            await Database.Scalar<long>(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%FOR UPDATE%'
                """);
            await Stop(service);
        }

        var sent = Number(await StartAndRead(job), "sent");
        var restarted = await Service().WithHandlers(Learn.AddTo).Start();
        await restarted.JobBecomes(job, "completed");

        Assert.InRange(sent, 0, 99);
        await Learned(restarted, 25, "opened 1 2 3");
        Assert.Equal(0, await Database.Scalar<long>("SELECT count(*) FROM messaging.deferred_events"));

        async Task<JsonElement> StartAndRead(string address)
        {
            var other = await Service().With("Messaging:JobPollInterval", "01:00:00").Start();
            var read = await other.Job(address);
            await Stop(other);
            return read;
        }
    }

    [Fact]
    public async Task Goes_on_when_the_broker_was_away_and_when_the_database_was()
    {
        await Past(50);
        var service = await Service().WithHandlers(Learn.AddTo).With("Messaging:Replays:BatchSize", "10").Start();
        var job = await service.StartJob(Replays, new { queue = Learn.Queue, perSecond = 100 });

        await Eventually.Is(async () => Number(await service.Job(job), "sent") >= 30);
        await Broker.CloseConnections();
        await Eventually.Is(async () => Number(await service.Job(job), "sent") >= 90);
        await using (await Database.Unreachable())
            await Eventually.Is(
                async () => (await service.Http.GetAsync(job, Cancellation)).StatusCode == HttpStatusCode.ServiceUnavailable);
        Database.Source.Clear();
        await service.JobBecomes(job, "completed");

        await Learned(service, 50, "opened 1 2 3");
    }

    [Fact]
    public async Task One_of_two_instances_sends_and_the_other_takes_over()
    {
        await Past(40);
        var first = await Service().WithHandlers(Learn.AddTo).Start();
        var second = await Service().WithHandlers(Learn.AddTo).Start();
        var job = await first.StartJob(Replays, new { queue = Learn.Queue, perSecond = 80 });
        await Eventually.Is(async () => Number(await second.Job(job), "sent") >= 20);
        Assert.Equal(1, await Database.Scalar<long>(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended('orderplatform replays', 0)
            """));

        await Stop(first);
        var replay = await second.JobBecomes(job, "completed");

        await Learned(second, 40, "opened 1 2 3");
        Assert.InRange(Number(replay, "sent"), 160, 168);
    }

    [Fact]
    public async Task Events_that_happen_meanwhile_take_effect_after_those_before_them()
    {
        var accounts = await Past(40);
        var service = await Service().WithHandlers(Learn.AddTo).With("Messaging:Replays:BatchSize", "7").Start();
        await IsConsumed(Learn.Queue);

        var live = Task.WhenAll(accounts.Select(async account =>
        {
            await service.Deposit(account, 4);
            await service.Append(account, new Closed(account));
        }));
        await Completes(service, new { queue = Learn.Queue });
        await live;

        await Learned(service, 40, "opened 1 2 3 4 closed");
        await Eventually.Is(async () => await Database.Scalar<long>("SELECT count(*) FROM messaging.deferred_events") == 0);
    }

    [Fact]
    public async Task Does_not_fill_a_queue_that_nobody_empties_and_can_be_cancelled_there()
    {
        await Past(50);
        await Bind("idle", "OrderPlatform.Messaging.Testing:replay", ExchangeType.Direct, "idle:Deposited");
        var service = await Service()
            .With("Messaging:Replays:BatchSize", "20")
            .With("Messaging:Replays:LongestQueue", "50")
            .Start();
        var job = await service.StartJob(Replays, new { queue = "idle", types = Types("Deposited") });

        await Eventually.Is(async () => Number(await service.Job(job), "sent") == 60);
        await Eventually.Is(async () => await Ready("idle") == 60);
        await Change(service, job, "cancel");
        await Completes(service, new { queue = "ledger", types = Types("Opened") });
        Assert.Equal(60u, await Ready("idle"));
    }

    [Theory]
    [InlineData("nowhere", null, "There is no queue 'nowhere'")]
    [InlineData("ledger", "Closed", "'ledger' does not take Closed")]
    [InlineData("ledger_idle", null, "'ledger_idle' takes none of this service's events")]
    public async Task Fails_and_says_why_when_the_queue_takes_nothing_of_it(string queue, string? type, string reason)
    {
        var service = await Service().Start();
        var account = (await Past(service, 1))[0];
        await service.Append(account, new Closed(account));
        await IsConsumed("ledger");
        await Bind("ledger_idle", "amq.fanout");
        await OnChannel(async channel =>
        {
            await channel.ExchangeUnbindAsync(
                "ledger", "OrderPlatform.Messaging.Testing:replay", "ledger:Closed", cancellationToken: Cancellation);
            return true;
        });

        var job = await service.StartJob(Replays, new { queue, types = type is null ? null : Types(type) });

        JsonElement replay = default;
        await Eventually.Is(async () => (replay = await service.Job(job)).GetProperty("state").GetString() == "failed");
        Assert.Contains(reason, replay.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(JsonValueKind.Null, replay.GetProperty("endedAt").ValueKind);
    }

    [Fact]
    public async Task Types_that_the_queue_does_not_take_are_left_out_unless_requested()
    {
        var service = await Service().WithHandlers(messaging => messaging.Handles<Opened, LearnOpening>(Learn.Queue)).Start();
        await Past(service, 5);
        await IsConsumed(Learn.Queue);

        var replay = await Completes(service, new { queue = Learn.Queue });

        Assert.Equal((5, 5), (Number(replay, "sent"), Number(replay, "total")));
        Assert.Equal(
            ["OrderPlatform.Messaging.Testing:Closed", "OrderPlatform.Messaging.Testing:Opened"],
            replay.GetProperty("types").EnumerateArray().Select(type => type.GetString()).Order());
    }

    [Theory]
    [InlineData("""{"queue":""}""", "queue")]
    [InlineData("""{"queue":"what a queue"}""", "queue")]
    [InlineData("""{"queue":"ledger","from":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"queue":"ledger","types":["Lost"]}""", "types")]
    [InlineData("""{"queue":"ledger","types":["Audited"]}""", "types")]
    [InlineData("""{"queue":"ledger","types":[]}""", "types")]
    [InlineData("""{"queue":"ledger","streams":[]}""", "streams")]
    [InlineData("""{"queue":"ledger","streams":[""]}""", "streams")]
    [InlineData("""{"queue":"ledger","streams":["\u0000"]}""", "streams")]
    [InlineData("""{"queue":"ledger","perSecond":0}""", "perSecond")]
    [InlineData("""{"queue":"ledger","source":"memory"}""", "source")]
    [InlineData("""{"queue":"ledger","source":"archive"}""", "source")]
    public async Task Refuses_invalid_requests_and_names_the_field(string request, string field)
    {
        var service = await Service().Start();

        using var body = new StringContent(request, System.Text.Encoding.UTF8, "application/json");
        var response = await service.Http.PostAsync(Replays, body, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task Shows_who_started_what_the_newest_first()
    {
        var service = await Service().Start();
        service.Http.DefaultRequestHeaders.Add("X-Operator", "ada");
        var first = await service.StartJob(Replays, new { queue = "nowhere" });
        var second = await service.StartJob(Replays, new { queue = "ledger", perSecond = 7 });

        var items = (await service.Job(Replays)).GetProperty("items").EnumerateArray().ToArray();

        Assert.Equal([second, first], items.Select(replay => $"{Replays}/{replay.GetProperty("id")}"));
        Assert.All(items, replay => Assert.Equal("ada", replay.GetProperty("startedBy").GetString()));
        Assert.Equal(7, Number(items[0], "perSecond"));
        Assert.Equal(HttpStatusCode.NotFound, (await service.Http.GetAsync($"{Replays}/{Guid.NewGuid()}", Cancellation)).StatusCode);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await service.Http.PostAsync($"{Replays}/{Guid.NewGuid()}/pause", null, Cancellation)).StatusCode);
    }

    /// <summary>Accounts with four events each, tallied, by a service that has ended since.</summary>
    private async Task<Guid[]> Past(int accounts)
    {
        var service = await Service().Start();
        var past = await Past(service, accounts);
        await Eventually.Is(async () => await Inbox("ledger") == 4 * accounts);
        // Else the next relay sends the last of them to queues that came later.
        await Eventually.Is(async () => await Database.Scalar<bool>(
            "SELECT position = (SELECT max(position) FROM messaging.event_log) FROM messaging.relay_cursor"));
        await Stop(service);
        return past;
    }

    private static async Task<Guid[]> Past(SampleHost service, int accounts)
    {
        var ids = Enumerable.Range(0, accounts).Select(_ => Guid.CreateVersion7()).ToArray();
        await Past(service, ids);
        return ids;
    }

    private static async Task Past(SampleHost service, Guid[] accounts)
    {
        await Task.WhenAll(accounts.Select(service.Open));
        for (var amount = 1; amount <= 3; amount++)
            await Task.WhenAll(accounts.Select(account => service.Deposit(account, amount)));
    }

    private static async Task<JsonElement> Completes(SampleHost service, object request) =>
        await service.JobBecomes(await service.StartJob(Replays, request), "completed");

    private static async Task<long> Sent(SampleHost service, object request) => Number(await Completes(service, request), "sent");

    private static string[] Types(params string[] names) => names;

    private static long Number(JsonElement job, string property) =>
        job.GetProperty(property) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : -1;

    private static async Task<JsonElement> Change(SampleHost service, string job, string action)
    {
        using var response = await service.Http.PostAsync($"{job}/{action}", null, Cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
    }

    /// <summary>The job when its runner has noticed that it is not to run, and has let go of its lock.</summary>
    private async Task<JsonElement> SettledAt(SampleHost service, string job)
    {
        await Eventually.Is(async () => await Database.Scalar<long>(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended('orderplatform replays', 0)
            """) == 0);
        return await service.Job(job);
    }

    private static Task Learned(SampleHost service, int accounts, string lesson) => Eventually.Is(
        async () => await service.Query(db => db.Lessons.CountAsync(l => l.Learned.StartsWith(lesson))) == accounts,
        description: $"{accounts} learned {lesson}");

    private static Task<string?> LessonOf(SampleHost service, Guid account) =>
        service.Query(db => db.Lessons.Where(lesson => lesson.Id == account).Select(lesson => lesson.Learned).SingleOrDefaultAsync());

    private Task<long> Inbox(string queue) => Database.Scalar<long>($"SELECT count(*) FROM messaging.inbox WHERE queue = '{queue}'");

    private static Task Tallied(SampleHost service, int accounts) =>
        Eventually.Is(async () => await service.Query(db => db.Tallies.CountAsync(tally => tally.Total == 6)) == accounts);

    /// <summary>Tallies are lost, and the inbox forgets as the guide says.</summary>
    /// <returns>How many events it has forgotten.</returns>
    private async Task<long> Lose(Guid[] accounts, DateTime since)
    {
        await using var lose = Database.Source.CreateCommand("DELETE FROM tallies WHERE id = ANY ($1)");
        lose.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = accounts });
        await lose.ExecuteNonQueryAsync(Cancellation);
        var guide = Guide.Read(Path.Combine(AppContext.BaseDirectory, "guides", "replays.md"), "What to do");
        var forget = guide.After("remove these entries from the inbox");
        return await Database.Scalar<long>(forget
            .Replace("'inventory'", "'ledger'", StringComparison.Ordinal)
            .Replace("2026-01-31 12:00Z", $"{since:O}", StringComparison.Ordinal));
    }
}
