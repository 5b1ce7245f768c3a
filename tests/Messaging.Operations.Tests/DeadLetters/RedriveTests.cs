using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class RedriveTests : DeadLetterTest
{
    [Fact]
    public async Task A_redrive_sends_the_message_as_it_was_and_resolves_it_when_it_is_handled()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await Bind("copies", "ledger");
        Poison.Remove(account);

        var (status, answer) = await letter.Post("redrive", new { reason = "mended" });

        Assert.Equal((202, 1, 1), (status, answer.GetProperty("matched").GetInt32(), answer.GetProperty("scheduled").GetInt32()));
        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
        var copy = (await Take("copies"))!.BasicProperties;
        Assert.Equal($"{await letter.EventId()}", copy.MessageId);
        Assert.Equal(account.ToString(), copy.CorrelationId);
        Assert.Equal("application/json", copy.ContentType);
        Assert.Equal(["MT-MessageType", "occurred-at", "sequence", "stream"], copy.Headers!.Keys.Order());
        Assert.Equal(["anna redrive", "ledger redriven", "ledger resolved"], await letter.Actions());
        Assert.Equal("mended", (await letter.Read()).GetProperty("actions")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Clicking_often_and_two_operators_at_once_have_one_effect()
    {
        var first = await Service().Start();
        var second = await Service().Start();
        var account = Guid.CreateVersion7();
        await first.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var letter = await Fail(first, account, 2, new Deposited(account, 5));
        Poison.Remove(account);

        var clicks = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => (letter with { Service = i % 2 == 0 ? first : second }).Redrive(i % 2 == 0 ? "anna" : "bert")));

        Assert.Single(clicks, click => click.Status == 202);
        Assert.All(clicks.Where(click => click.Status != 202), click => Assert.Equal(409, click.Status));
        await letter.Becomes("resolved");
        Assert.Equal((5, 1), (await first.Tally(account) is { } tally) ? (tally.Total, tally.Changes) : default);
        Assert.Single(await letter.Actions(), action => action.EndsWith(" redrive", StringComparison.Ordinal));
        Assert.Equal("dead-letter-resolved", (await letter.Redrive()).Body.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Two_operators_who_select_the_same_at_once_redrive_each_once()
    {
        var first = await Service().Start();
        var second = await Service().Start();
        await Insert(1, 200);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            Post(i % 2 == 0 ? first : second, "/redrives", new { filter = new { }, perSecond = 10_000 })));

        Assert.Equal(200, answers.Sum(answer => answer.Body.GetProperty("scheduled").GetInt64()));
        await DeadLettersBecome(200, "state = 'resolved'");
        Assert.Equal(200, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions WHERE action = 'redriven'"));
        Assert.Equal(200, await Database.Scalar<long>("SELECT count(*) FROM tallies"));
    }

    [Fact]
    public async Task A_crash_between_publishing_and_the_change_of_the_row_costs_a_duplicate_and_no_second_effect()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var letter = await Fail(service, account, 2, new Deposited(account, 5));
        Poison.Remove(account);
        await Database.Execute(
            """
            CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
            CREATE TRIGGER crash BEFORE UPDATE ON messaging.dead_letters FOR EACH ROW WHEN (NEW.state = 'redriven') EXECUTE FUNCTION crash()
            """);

        await letter.Redrive();

        // Published, handled, and still scheduled: it is published again.
        await Scrape.Becomes(service.Services, """messaging_handled_total{queue="ledger",event="Deposited"}""", 1);
        await Eventually.Is(async () => (await Scrape.Of(service.Services))["""messaging_inbox_duplicates_total{queue="ledger"}"""] >= 1);
        Assert.Equal("scheduled", await letter.State());
        await Database.Execute("DROP TRIGGER crash ON messaging.dead_letters");
        await letter.Becomes("resolved");
        Assert.Equal((5, 1), (await service.Tally(account) is { } tally) ? (tally.Total, tally.Changes) : default);
        Assert.Equal(1, (await letter.Read()).GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task Without_a_confirm_of_the_broker_it_stays_scheduled()
    {
        await Stop(await Service().Start());
        await Insert(1, 1);
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        var service = await Service()
            .WithBroker(new Uri($"amqp://nobody:nothing@127.0.0.1:{((IPEndPoint)deaf.LocalEndpoint).Port}/"))
            .Start();
        var letter = await Filed(service);

        Assert.Equal(202, (await letter.Redrive()).Status);

        // It has tried, failed, and tries again.
        await Eventually.Is(async () => await Attempt() is not null);
        var first = await Attempt();
        await Eventually.Is(async () => await Attempt() is { } next && next != first);
        Assert.Equal("scheduled", await letter.State());
        await Stop(service);
        Assert.Equal(1, await DeadLetters("state = 'scheduled'"));
        await Service().Start();
        await DeadLettersBecome(1, "state = 'resolved'");
    }

    /// <summary>Since when a redrive holds its rows; null when none does.</summary>
    private async Task<DateTime?> Attempt() => await Database.Scalar<object>(
        """
        SELECT max(xact_start) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%FOR UPDATE SKIP LOCKED%'
        """) as DateTime?;

    [Fact]
    public async Task A_letter_that_cannot_be_sent_waits_and_does_not_hold_up_others()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var mended = await Fail(service, account);
        var gone = await FailAndChange(service, "queue = 'ledger_gone'");
        var garbled = await FailAndChange(service, """headers = '{"x": {"$base64": 5}}'""");
        Poison.Remove(account);

        var (status, answer) = await Post(service, "/redrives", new { filter = new { } });

        Assert.Equal((202, 3), (status, answer.GetProperty("scheduled").GetInt32()));
        await mended.Becomes("resolved");
        foreach (var letter in (Letter[])[gone, garbled])
        {
            await letter.Becomes("waiting");
            Assert.Equal(["anna redrive", "ledger redrive-failed"], await letter.Actions());
            Assert.NotEmpty((await letter.Read()).GetProperty("actions")[1].GetProperty("reason").GetString()!);
        }

        Assert.Contains(
            "ledger_gone",
            (await gone.Read()).GetProperty("actions")[1].GetProperty("reason").GetString()!,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redrive_without_an_outcome_can_be_repeated()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await Database.Execute($"UPDATE messaging.dead_letters SET state = 'redriven', redriven_at = now() WHERE id = '{letter.Id}'");
        Poison.Remove(account);
        Assert.Equal("dead-letter-redriven", (await letter.Redrive()).Body.GetProperty("code").GetString());

        await Database.Execute($"UPDATE messaging.dead_letters SET redriven_at = now() - interval '6 minutes' WHERE id = '{letter.Id}'");
        Assert.Equal(202, (await letter.Redrive()).Status);

        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
    }

    [Fact]
    public async Task A_discarded_letter_stays_discarded_when_a_copy_fails_later()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await letter.Post("discard", new { reason = "refunded", followers = "wait" });

        await SendTo(
            "ledger_error",
            Failed(account, 1, new Opened(account), DateTimeOffset.UtcNow.AddMinutes(1), await letter.EventId()));

        await letter.Becomes("discarded", attempts: 2);
    }

    [Fact]
    public async Task A_group_without_an_exception_is_redriven_without_the_others()
    {
        var service = await Service().Start();
        var letter = await Fail(service, Guid.CreateVersion7());
        var without = await FailAndChange(service, "exception_type = NULL, handler = NULL");

        var answer = (await Post(
            service, "/redrives", new { filter = new { exception = "", handler = "", type = "Opened" }, dryRun = true })).Body;

        Assert.Equal(1, answer.GetProperty("matched").GetInt32());
        Assert.Equal([without.Id], (await List(service, "exception=&handler=")).Select(json => json.GetProperty("id").GetGuid()));
        Assert.Equal(
            [letter.Id], (await List(service, "exception=System.InvalidOperationException")).Select(json => json.GetProperty("id").GetGuid()));
    }

    /// <summary>A dead letter whose row says something else.</summary>
    private async Task<Letter> FailAndChange(SampleHost service, string set)
    {
        var letter = await Fail(service, Guid.CreateVersion7());
        await Database.Execute($"UPDATE messaging.dead_letters SET {set} WHERE id = '{letter.Id}'");
        return letter;
    }

    [Fact]
    public async Task A_selection_is_redriven_by_filter_ids_and_limit_and_tried_out_before()
    {
        var service = await Service().Start();
        await Insert(1, 10);
        await Insert(11, 10, type: "Deposited", exception: "System.FormatException");
        var now = DateTimeOffset.UtcNow;
        var filter = new
        {
            type = "Opened",
            exception = "System.InvalidOperationException",
            queue = "ledger",
            text = "POISON",
            since = now.AddDays(-1),
        };

        var (status, dry) = await Post(service, "/redrives", new { filter, dryRun = true, perSecond = 2, limit = 7 });
        Assert.Equal((200, 10, 0), (status, dry.GetProperty("matched").GetInt32(), dry.GetProperty("scheduled").GetInt32()));
        Assert.InRange(dry.GetProperty("lastAt").GetDateTimeOffset(), now.AddSeconds(2.9), DateTimeOffset.UtcNow.AddSeconds(3.1));
        Assert.Equal(20, await DeadLetters("state = 'waiting'"));
        Assert.Equal(0, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions"));

        var (_, some) = await Post(service, "/redrives", new { filter, limit = 7, reason = "try some" });
        Assert.Equal((10, 7), (some.GetProperty("matched").GetInt32(), some.GetProperty("scheduled").GetInt32()));
        await DeadLettersBecome(7, "state = 'resolved'");

        // The oldest first.
        var rest = await List(service, "state=waiting&type=Opened");
        Assert.Equal(["8", "9", "10"], rest.Select(letter => letter.GetProperty("exceptionMessage").GetString()!.Split(' ')[1]).Reverse());
        var ids = rest.Take(2).Select(letter => letter.GetProperty("id").GetGuid()).ToArray();
        var (_, selected) = await Post(service, "/redrives", new { ids });
        Assert.Equal(2, selected.GetProperty("scheduled").GetInt32());
        await DeadLettersBecome(9, "state = 'resolved'");
        Assert.Equal(9, await Database.Scalar<long>(
            "SELECT count(*) FROM messaging.dead_letter_actions WHERE action = 'redrive' AND who = 'anna'"));
        Assert.Equal(7, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions WHERE reason = 'try some'"));
    }

    [Fact]
    public async Task After_an_outage_what_is_overdue_goes_no_faster_than_it_should()
    {
        await Stop(await Service().Start());
        await Insert(1, 60);
        await Database.Execute(
            """
            WITH redrive AS (
                INSERT INTO messaging.redrives (id, per_second, next_at) VALUES (gen_random_uuid(), 30, now() - interval '1 hour')
                RETURNING id)
            UPDATE messaging.dead_letters
            SET state = 'scheduled', redrive_kind = 'operator', redrive_id = redrive.id, redrive_at = now() - interval '1 hour'
            FROM redrive
            """);

        await Service().Start();
        await Service().Start();

        await DeadLettersBecome(60, "state IN ('redriven', 'resolved')");
        Assert.True(await Database.Scalar<decimal>(
            "SELECT extract(epoch FROM max(redriven_at) - min(redriven_at)) FROM messaging.dead_letters") > 1.7m);
        Assert.InRange(
            await Database.Scalar<long>(
                """
                SELECT max((
                    SELECT count(*) FROM messaging.dead_letters o
                    WHERE o.redriven_at >= l.redriven_at AND o.redriven_at < l.redriven_at + interval '1 second'))
                FROM messaging.dead_letters l
                """),
            1,
            // In a second, what is due in it, what had gathered before, and one.
            40);
    }

    [Fact]
    public async Task Transient_causes_are_redriven_automatically_with_backoff_and_in_the_end_wait_for_people()
    {
        var service = await Service()
            .With("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException")
            .With("Messaging:DeadLetters:AutomaticRedrives", "3")
            .With("Messaging:DeadLetters:AutomaticBackoff", "00:00:00.200")
            .With("Messaging:DeadLetters:LongestAutomaticBackoff", "00:00:00.500")
            .Start();
        var account = Guid.CreateVersion7();

        var letter = await Fail(service, account);

        await letter.Becomes("waiting", attempts: 4);
        var failures = (await letter.Read()).GetProperty("actions").EnumerateArray()
            .Where(action => action.GetProperty("action").GetString() == "failed").ToArray();
        var backoffs = failures
            .Where(failure => failure.GetProperty("details").GetProperty("redriveAt").ValueKind == JsonValueKind.String)
            .Select(failure => failure.GetProperty("details").GetProperty("redriveAt").GetDateTimeOffset()
                - failure.GetProperty("at").GetDateTimeOffset())
            .Select(backoff => backoff.TotalSeconds);
        Assert.Equal([0.2, 0.4, 0.5], backoffs.Select(seconds => Math.Round(seconds, 3)));
        await Scrape.Becomes(service.Services, """messaging_redrives_total{queue="ledger",kind="automatic"}""", 3);
        Assert.Equal(0, (await Scrape.Of(service.Services))["""messaging_redrives_total{queue="ledger",kind="operator"}"""]);

        Poison.Remove(account);
        await letter.Redrive();
        await letter.Becomes("resolved");
        await Scrape.Becomes(service.Services, """messaging_redrives_total{queue="ledger",kind="operator"}""", 1);
    }

    [Theory]
    [InlineData("Npgsql.PostgresException", "23514: new row for relation \"tallies\" violates check constraint", "waiting")]
    [InlineData("Npgsql.PostgresException", "42P01: relation \"tallies\" does not exist", "waiting")]
    [InlineData("Npgsql.PostgresException", "40P01: deadlock detected", "scheduled")]
    [InlineData("Npgsql.PostgresException", "53300: too many connections", "scheduled")]
    [InlineData("Npgsql.PostgresException", "55P03: canceling statement due to lock timeout", "scheduled")]
    [InlineData("Npgsql.PostgresException", "55006: object in use", "waiting")]
    [InlineData("Npgsql.NpgsqlException", "Exception while reading from stream", "scheduled")]
    [InlineData("System.TimeoutException", null, "scheduled")]
    [InlineData("System.TimeoutExceptionOfMine", "08006", "waiting")]
    [InlineData("System.InvalidOperationException", "40P01: deadlock detected", "waiting")]
    public async Task Only_transient_database_errors_are_redriven_automatically(string type, string? says, string state)
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var message = Failed(account, 1, new Opened(account));
        message.Properties.Headers!["MT-Fault-ExceptionType"] = type;
        message.Properties.Headers["MT-Fault-Message"] = says;

        await SendTo("ledger_error", message);

        await DeadLettersBecome(1);
        Assert.Equal(1, await DeadLetters($"state = '{state}'"));
    }

    [Fact]
    public async Task A_constraint_that_a_handler_violates_is_not_transient()
    {
        var service = await Service().Start();
        await Database.Execute("ALTER TABLE tallies ADD CONSTRAINT broken CHECK (false) NOT VALID");
        var account = Guid.CreateVersion7();

        await Send(Message(account, 1, new Opened(account)));

        await DeadLettersBecome(1);
        var letter = (await List(service))[0];
        Assert.Equal(
            ("waiting", "Npgsql.PostgresException"),
            (letter.GetProperty("state").GetString(), letter.GetProperty("exceptionType").GetString()));
        Assert.StartsWith("23514: ", letter.GetProperty("exceptionMessage").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Automatic_redrives_keep_to_their_rate()
    {
        var service = await Service()
            .With("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException: poison")
            .With("Messaging:DeadLetters:AutomaticBackoff", "00:00:00.001")
            .With("Messaging:DeadLetters:AutomaticRedrives", "1")
            .With("Messaging:DeadLetters:AutomaticRedrivesPerSecond", "20")
            .Start();

        await SendTo(
            "ledger_error",
            [.. Enumerable.Range(1, 60).Select(_ => Guid.CreateVersion7()).Select(account => Failed(account, 1, new Opened(account)))]);

        await DeadLettersBecome(60, "state = 'resolved'");
        Assert.True(await Database.Scalar<decimal>(
            "SELECT extract(epoch FROM max(redriven_at) - min(redriven_at)) FROM messaging.dead_letters") > 2.2m);
    }

    [Fact]
    public async Task A_skipped_message_is_resolved_once_it_has_a_handler_and_is_redriven()
    {
        var before = await Service().Start();
        var account = Guid.CreateVersion7();
        await Send(Message(account, 1, new Audited(account)));
        await DeadLettersBecome(1, "source = 'skipped' AND state = 'waiting'");
        await Stop(before);

        var service = await Service().WithHandlers(messaging => messaging.Handles<Audited, TallyAudit>()).Start();
        var letter = await Filed(service);
        Assert.Equal(202, (await letter.Redrive()).Status);

        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
        Assert.Equal(1, (await letter.Read()).GetProperty("attempts").GetInt32());
    }

    public sealed class TallyAudit(UnitOfWork unit) : IHandler<Audited>
    {
        public static void Locks(Audited audited, RowsToLock rows) => rows.Add<Tally>(audited.AccountId);

        public Outcome Handle(Audited audited)
        {
            unit.Add(new Tally { Id = audited.AccountId });
            return Outcome.Handled;
        }
    }

    [Fact]
    public async Task However_often_it_was_redriven_automatically_it_waits_no_longer_than_the_longest_backoff()
    {
        var service = await Service()
            .With("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException")
            .With("Messaging:DeadLetters:AutomaticRedrives", "100")
            .With("Messaging:DeadLetters:AutomaticBackoff", "10.00:00:00")
            .With("Messaging:DeadLetters:LongestAutomaticBackoff", "20.00:00:00")
            .Start();
        var letter = await Fail(service, Guid.CreateVersion7());
        await letter.Becomes("scheduled");

        await Database.Execute("UPDATE messaging.dead_letters SET automatic = 99");
        await letter.Redrive();

        await letter.Becomes("scheduled", attempts: 2);
        Assert.Equal(20, await Database.Scalar<decimal>(
            "SELECT round(extract(epoch FROM redrive_at - now()) / 86400) FROM messaging.dead_letters"));
    }

    [Fact]
    public async Task Large_messages_are_not_all_published_in_one_transaction()
    {
        var service = await Service().Start();
        await Insert(1, 4);
        await Database.Execute(
            "UPDATE messaging.dead_letters SET body = convert_to(rpad('{\"accountId\":\"', 3 * 1024 * 1024, 'x') || '\"}', 'UTF8')");

        await Post(service, "/redrives", new { filter = new { }, perSecond = 10_000 });

        await DeadLettersBecome(0, "redriven_at IS NULL");
        Assert.Equal(2, await Database.Scalar<long>("SELECT count(DISTINCT redriven_at) FROM messaging.dead_letters"));
    }

    [Fact]
    public async Task A_scheduled_letter_can_be_redriven_now()
    {
        var service = await Service()
            .With("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException")
            .Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await letter.Becomes("scheduled");
        Poison.Remove(account);

        Assert.Equal(202, (await letter.Redrive()).Status);

        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
    }

    [Fact]
    public async Task The_gauges_count_what_is_there()
    {
        var service = await Service().Start();
        string[] states = ["waiting", "scheduled", "redriven", "resolved", "discarded"];
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(states.Order(), scrape.Labels("messaging_dead_letters")["state"].Order());
        Assert.Equal(0, scrape["""messaging_redrives_total{queue="ledger",kind="automatic"}"""]);
        await Scrape.Becomes(service.Services, """messaging_dead_letters{queue="ledger",state="waiting"}""", 0);

        await Insert(1, 3);
        await Insert(4, 2, state: "discarded");

        await Scrape.Becomes(service.Services, """messaging_dead_letters{queue="ledger",state="waiting"}""", 3);
        await Scrape.Becomes(service.Services, """messaging_dead_letters{queue="ledger",state="discarded"}""", 2);
        Assert.Equal(0, (await Scrape.Of(service.Services))["""messaging_dead_letters{queue="ledger",state="scheduled"}"""]);
    }
}
