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
    public async Task What_is_redriven_is_the_message_as_it_was_and_is_resolved_when_it_is_handled()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, messageId) = await Fail(ledger, account);
        await Eavesdrop();
        Poison.Remove(account);

        var (status, answer) = await Post(ledger, $"/{id}/redrive", new { reason = "mended" });

        Assert.Equal((202, 1, 1), (status, answer.GetProperty("matched").GetInt32(), answer.GetProperty("scheduled").GetInt32()));
        await Becomes(ledger, id, "resolved");
        Assert.NotNull(await ledger.Tally(account));
        var copy = (await Take("copies"))!.BasicProperties;
        Assert.Equal(messageId, copy.MessageId);
        Assert.Equal(account.ToString(), copy.CorrelationId);
        Assert.Equal("application/json", copy.ContentType);
        Assert.Equal(["MT-MessageType", "occurred-at", "sequence", "stream"], copy.Headers!.Keys.Order());
        Assert.Equal(["anna redrive", "ledger redriven", "ledger resolved"], await Actions(ledger, id));
        Assert.Equal("mended", (await Get(ledger, id)).GetProperty("actions")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Clicking_often_and_two_operators_at_once_have_one_effect()
    {
        var first = await StartApp();
        var second = await StartApp();
        var account = Guid.CreateVersion7();
        await first.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var (id, _) = await Fail(first, account, 2, new Deposited(account, 5));
        Poison.Remove(account);

        var clicks = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => Redrive(i % 2 == 0 ? first : second, id, i % 2 == 0 ? "anna" : "bert")));

        Assert.Single(clicks, click => click.Status == 202);
        Assert.All(clicks.Where(click => click.Status != 202), click => Assert.Equal(409, click.Status));
        await Becomes(first, id, "resolved");
        Assert.Equal((5, 1), (await first.Tally(account) is { } tally) ? (tally.Total, tally.Changes) : default);
        Assert.Single(await Actions(first, id), action => action.EndsWith(" redrive", StringComparison.Ordinal));
        Assert.Equal("dead-letter-resolved", (await Redrive(first, id)).Body.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Two_operators_who_select_the_same_at_once_redrive_each_once()
    {
        var first = await StartApp();
        var second = await StartApp();
        await Insert(1, 200);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            Post(i % 2 == 0 ? first : second, "/redrives", new { filter = new { }, perSecond = 10_000 })));

        Assert.Equal(200, answers.Sum(answer => answer.Body.GetProperty("scheduled").GetInt64()));
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 200);
        Assert.Equal(200, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions WHERE action = 'redriven'"));
        Assert.Equal(200, await Database.Scalar<long>("SELECT count(*) FROM tallies"));
    }

    [Fact]
    public async Task A_crash_between_publishing_and_the_change_of_the_row_costs_a_duplicate_and_no_second_effect()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        await ledger.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var (id, _) = await Fail(ledger, account, 2, new Deposited(account, 5));
        Poison.Remove(account);
        await Execute(
            """
            CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
            CREATE TRIGGER crash BEFORE UPDATE ON messaging.dead_letters FOR EACH ROW WHEN (NEW.state = 'redriven') EXECUTE FUNCTION crash()
            """);

        await Redrive(ledger, id);

        // Published, handled, and still scheduled: it is published again.
        await Scrape.Becomes(ledger.Services, """messaging_handled_total{queue="ledger",event="Deposited"}""", 1);
        await Eventually.Is(async () => (await Scrape.Of(ledger.Services))["""messaging_inbox_duplicates_total{queue="ledger"}"""] >= 1);
        Assert.Equal("scheduled", (await Get(ledger, id)).GetProperty("state").GetString());
        await Execute("DROP TRIGGER crash ON messaging.dead_letters");
        await Becomes(ledger, id, "resolved");
        Assert.Equal((5, 1), (await ledger.Tally(account) is { } tally) ? (tally.Total, tally.Changes) : default);
        Assert.Equal(1, (await Get(ledger, id)).GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task Without_a_confirm_of_the_broker_it_stays_scheduled()
    {
        await Stop(await StartApp());
        await Insert(1, 1);
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        var ledger = await StartApp(new Uri($"amqp://nobody:nothing@127.0.0.1:{((IPEndPoint)deaf.LocalEndpoint).Port}/"));
        var id = (await List(ledger))[0].GetProperty("id").GetGuid();

        Assert.Equal(202, (await Redrive(ledger, id)).Status);

        // It has tried, failed, and tries again.
        await Eventually.Is(async () => await Attempt() is not null);
        var first = await Attempt();
        await Eventually.Is(async () => await Attempt() is { } next && next != first);
        Assert.Equal("scheduled", (await Get(ledger, id)).GetProperty("state").GetString());
        await Stop(ledger);
        Assert.Equal(1, await DeadLetters("state = 'scheduled'"));
        await StartApp();
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 1);
    }

    /// <summary>Since when a redrive holds its rows; null when none does.</summary>
    private async Task<DateTime?> Attempt() => await Database.Scalar<object>(
        """
        SELECT max(xact_start) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%FOR UPDATE SKIP LOCKED%'
        """) as DateTime?;

    [Fact]
    public async Task What_can_not_go_back_waits_for_people_and_keeps_nobody_else()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (mended, _) = await Fail(ledger, account);
        var gone = await FailAndChange(ledger, "queue = 'ledger_gone'");
        var garbled = await FailAndChange(ledger, """headers = '{"x": {"$base64": 5}}'""");
        Poison.Remove(account);

        var (status, answer) = await Post(ledger, "/redrives", new { filter = new { } });

        Assert.Equal((202, 3), (status, answer.GetProperty("scheduled").GetInt32()));
        await Becomes(ledger, mended, "resolved");
        foreach (var id in (Guid[])[gone, garbled])
        {
            await Becomes(ledger, id, "waiting");
            Assert.Equal(["anna redrive", "ledger redrive-failed"], await Actions(ledger, id));
            Assert.NotEmpty((await Get(ledger, id)).GetProperty("actions")[1].GetProperty("reason").GetString()!);
        }

        Assert.Contains(
            "ledger_gone",
            (await Get(ledger, gone)).GetProperty("actions")[1].GetProperty("reason").GetString()!,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_redriven_and_is_not_heard_of_can_be_redriven_again()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        await Execute($"UPDATE messaging.dead_letters SET state = 'redriven', redriven_at = now() WHERE id = '{id}'");
        Poison.Remove(account);
        Assert.Equal("dead-letter-redriven", (await Redrive(ledger, id)).Body.GetProperty("code").GetString());

        await Execute($"UPDATE messaging.dead_letters SET redriven_at = now() - interval '6 minutes' WHERE id = '{id}'");
        Assert.Equal(202, (await Redrive(ledger, id)).Status);

        await Becomes(ledger, id, "resolved");
        Assert.NotNull(await ledger.Tally(account));
    }

    [Fact]
    public async Task What_was_discarded_stays_so_when_a_copy_fails_later()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, messageId) = await Fail(ledger, account);
        await Post(ledger, $"/{id}/discard", new { reason = "refunded", followers = "wait" });

        var copy = Message(account, 1, new Opened(account));
        copy.Properties.MessageId = messageId;
        copy.Properties.Headers!["MT-Fault-Timestamp"] = DateTimeOffset.UtcNow.AddMinutes(1).ToString("O");
        await using (var connection = await Connect())
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
            await channel.BasicPublishAsync("", "ledger_error", mandatory: true, copy.Properties, copy.Body, Cancellation);

        await Becomes(ledger, id, "discarded", attempts: 2);
    }

    [Fact]
    public async Task A_group_without_an_exception_is_redriven_without_the_others()
    {
        var ledger = await StartApp();
        var (id, _) = await Fail(ledger, Guid.CreateVersion7());
        var without = await FailAndChange(ledger, "exception_type = NULL, handler = NULL");

        var answer = (await Post(
            ledger, "/redrives", new { filter = new { exception = "", handler = "", type = "Opened" }, dryRun = true })).Body;

        Assert.Equal(1, answer.GetProperty("matched").GetInt32());
        Assert.Equal([without], (await List(ledger, "exception=&handler=")).Select(letter => letter.GetProperty("id").GetGuid()));
        Assert.Equal(
            [id], (await List(ledger, "exception=System.InvalidOperationException")).Select(letter => letter.GetProperty("id").GetGuid()));
    }

    /// <summary>A dead letter whose row says something else.</summary>
    private async Task<Guid> FailAndChange(SampleHost ledger, string set)
    {
        var (id, _) = await Fail(ledger, Guid.CreateVersion7());
        await Execute($"UPDATE messaging.dead_letters SET {set} WHERE id = '{id}'");
        return id;
    }

    [Fact]
    public async Task A_selection_is_redriven_by_filter_ids_and_limit_and_tried_out_before()
    {
        var ledger = await StartApp();
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

        var (status, dry) = await Post(ledger, "/redrives", new { filter, dryRun = true, perSecond = 2, limit = 7 });
        Assert.Equal((200, 10, 0), (status, dry.GetProperty("matched").GetInt32(), dry.GetProperty("scheduled").GetInt32()));
        Assert.InRange(dry.GetProperty("lastAt").GetDateTimeOffset(), now.AddSeconds(2.9), DateTimeOffset.UtcNow.AddSeconds(3.1));
        Assert.Equal(20, await DeadLetters("state = 'waiting'"));
        Assert.Equal(0, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions"));

        var (_, some) = await Post(ledger, "/redrives", new { filter, limit = 7, reason = "try some" });
        Assert.Equal((10, 7), (some.GetProperty("matched").GetInt32(), some.GetProperty("scheduled").GetInt32()));
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 7);

        // The oldest first.
        var rest = await List(ledger, "state=waiting&type=Opened");
        Assert.Equal(["8", "9", "10"], rest.Select(letter => letter.GetProperty("exceptionMessage").GetString()!.Split(' ')[1]).Reverse());
        var ids = rest.Take(2).Select(letter => letter.GetProperty("id").GetGuid()).ToArray();
        var (_, selected) = await Post(ledger, "/redrives", new { ids });
        Assert.Equal(2, selected.GetProperty("scheduled").GetInt32());
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 9);
        Assert.Equal(9, await Database.Scalar<long>(
            "SELECT count(*) FROM messaging.dead_letter_actions WHERE action = 'redrive' AND who = 'anna'"));
        Assert.Equal(7, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions WHERE reason = 'try some'"));
    }

    [Fact]
    public async Task After_an_outage_what_is_overdue_goes_no_faster_than_it_should()
    {
        await Stop(await StartApp());
        await Insert(1, 60);
        await Execute(
            """
            WITH redrive AS (
                INSERT INTO messaging.redrives (id, per_second, next_at) VALUES (gen_random_uuid(), 30, now() - interval '1 hour')
                RETURNING id)
            UPDATE messaging.dead_letters
            SET state = 'scheduled', redrive_kind = 'operator', redrive_id = redrive.id, redrive_at = now() - interval '1 hour'
            FROM redrive
            """);

        await StartApp();
        await StartApp();

        await Eventually.Is(async () => await DeadLetters("state IN ('redriven', 'resolved')") == 60);
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
        var ledger = await StartApp(
            ("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException"),
            ("Messaging:DeadLetters:AutomaticRedrives", "3"),
            ("Messaging:DeadLetters:AutomaticBackoff", "00:00:00.200"),
            ("Messaging:DeadLetters:LongestAutomaticBackoff", "00:00:00.500"));
        var account = Guid.CreateVersion7();

        var (id, _) = await Fail(ledger, account);

        await Becomes(ledger, id, "waiting", attempts: 4);
        var failures = (await Get(ledger, id)).GetProperty("actions").EnumerateArray()
            .Where(action => action.GetProperty("action").GetString() == "failed").ToArray();
        var backoffs = failures
            .Where(failure => failure.GetProperty("details").GetProperty("redriveAt").ValueKind == JsonValueKind.String)
            .Select(failure => failure.GetProperty("details").GetProperty("redriveAt").GetDateTimeOffset()
                - failure.GetProperty("at").GetDateTimeOffset())
            .Select(backoff => backoff.TotalSeconds);
        Assert.Equal([0.2, 0.4, 0.5], backoffs.Select(seconds => Math.Round(seconds, 3)));
        Assert.Equal(3, (await Scrape.Of(ledger.Services))["""messaging_redrives_total{queue="ledger",kind="automatic"}"""]);
        Assert.Equal(0, (await Scrape.Of(ledger.Services))["""messaging_redrives_total{queue="ledger",kind="operator"}"""]);

        Poison.Remove(account);
        await Redrive(ledger, id);
        await Becomes(ledger, id, "resolved");
        await Scrape.Becomes(ledger.Services, """messaging_redrives_total{queue="ledger",kind="operator"}""", 1);
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
    public async Task What_the_database_refuses_for_good_waits_for_people(string type, string? says, string state)
    {
        var ledger = await StartApp();
        await Eventually.Is(async () => await Consumers("ledger_error") > 0);
        var account = Guid.CreateVersion7();
        var message = Failed(account, 1, new Opened(account));
        message.Properties.Headers!["MT-Fault-ExceptionType"] = type;
        message.Properties.Headers["MT-Fault-Message"] = says;

        await SendTo("ledger_error", message);

        await Eventually.Is(async () => await DeadLetters() == 1);
        Assert.Equal(1, await DeadLetters($"state = '{state}'"));
    }

    [Fact]
    public async Task A_constraint_that_a_handler_violates_is_not_transient()
    {
        var ledger = await StartApp();
        await Execute("ALTER TABLE tallies ADD CONSTRAINT broken CHECK (false) NOT VALID");
        var account = Guid.CreateVersion7();

        await Send(Message(account, 1, new Opened(account)));

        await Eventually.Is(async () => await DeadLetters() == 1);
        var letter = (await List(ledger))[0];
        Assert.Equal(
            ("waiting", "Npgsql.PostgresException"),
            (letter.GetProperty("state").GetString(), letter.GetProperty("exceptionType").GetString()));
        Assert.StartsWith("23514: ", letter.GetProperty("exceptionMessage").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_redriven_automatically_keeps_a_speed_too()
    {
        var ledger = await StartApp(
            ("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException: poison"),
            ("Messaging:DeadLetters:AutomaticBackoff", "00:00:00.001"),
            ("Messaging:DeadLetters:AutomaticRedrives", "1"),
            ("Messaging:DeadLetters:AutomaticRedrivesPerSecond", "20"));
        await Eventually.Is(async () => await Consumers("ledger_error") > 0);

        await SendTo(
            "ledger_error",
            [.. Enumerable.Range(1, 60).Select(_ => Guid.CreateVersion7()).Select(account => Failed(account, 1, new Opened(account)))]);

        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 60);
        Assert.True(await Database.Scalar<decimal>(
            "SELECT extract(epoch FROM max(redriven_at) - min(redriven_at)) FROM messaging.dead_letters") > 2.2m);
    }

    [Fact]
    public async Task What_was_skipped_is_resolved_once_its_handler_is_there_and_it_is_redriven()
    {
        var before = await StartApp();
        var account = Guid.CreateVersion7();
        await Send(Message(account, 1, new Audited(account)));
        await Eventually.Is(async () => await DeadLetters("source = 'skipped' AND state = 'waiting'") == 1);
        await Stop(before);

        var ledger = await StartOps(
            messaging => messaging.Handles<Audited, TallyAudit>(), ("Messaging:DeadLetters:SweepInterval", Quick));
        var id = (await List(ledger))[0].GetProperty("id").GetGuid();
        Assert.Equal(202, (await Redrive(ledger, id)).Status);

        await Becomes(ledger, id, "resolved");
        Assert.NotNull(await ledger.Tally(account));
        Assert.Equal(1, (await Get(ledger, id)).GetProperty("attempts").GetInt32());
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
        var ledger = await StartApp(
            ("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException"),
            ("Messaging:DeadLetters:AutomaticRedrives", "100"),
            ("Messaging:DeadLetters:AutomaticBackoff", "10.00:00:00"),
            ("Messaging:DeadLetters:LongestAutomaticBackoff", "20.00:00:00"));
        var (id, _) = await Fail(ledger, Guid.CreateVersion7());
        await Becomes(ledger, id, "scheduled");

        await Execute("UPDATE messaging.dead_letters SET automatic = 99");
        await Redrive(ledger, id);

        await Becomes(ledger, id, "scheduled", attempts: 2);
        Assert.Equal(20, await Database.Scalar<decimal>(
            "SELECT round(extract(epoch FROM redrive_at - now()) / 86400) FROM messaging.dead_letters"));
    }

    [Fact]
    public async Task Large_messages_are_not_all_published_in_one_transaction()
    {
        var ledger = await StartApp();
        await Insert(1, 4);
        await Execute(
            "UPDATE messaging.dead_letters SET body = convert_to(rpad('{\"accountId\":\"', 3 * 1024 * 1024, 'x') || '\"}', 'UTF8')");

        await Post(ledger, "/redrives", new { filter = new { }, perSecond = 10_000 });

        await Eventually.Is(async () => await DeadLetters("redriven_at IS NULL") == 0);
        Assert.Equal(2, await Database.Scalar<long>("SELECT count(DISTINCT redriven_at) FROM messaging.dead_letters"));
    }

    [Fact]
    public async Task What_would_be_redriven_later_can_be_redriven_now()
    {
        var ledger = await StartApp(("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException"));
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        await Becomes(ledger, id, "scheduled");
        Poison.Remove(account);

        Assert.Equal(202, (await Redrive(ledger, id)).Status);

        await Becomes(ledger, id, "resolved");
        Assert.NotNull(await ledger.Tally(account));
    }

    [Fact]
    public async Task What_is_counted_is_what_is_there()
    {
        var ledger = await StartApp();
        string[] states = ["waiting", "scheduled", "redriven", "resolved", "discarded"];
        var scrape = await Scrape.Of(ledger.Services);
        Assert.Equal(states.Order(), scrape.Labels("messaging_dead_letters")["state"].Order());
        Assert.Equal(0, scrape["""messaging_redrives_total{queue="ledger",kind="automatic"}"""]);
        await Scrape.Becomes(ledger.Services, """messaging_dead_letters{queue="ledger",state="waiting"}""", 0);

        await Insert(1, 3);
        await Insert(4, 2, state: "discarded");

        await Scrape.Becomes(ledger.Services, """messaging_dead_letters{queue="ledger",state="waiting"}""", 3);
        await Scrape.Becomes(ledger.Services, """messaging_dead_letters{queue="ledger",state="discarded"}""", 2);
        Assert.Equal(0, (await Scrape.Of(ledger.Services))["""messaging_dead_letters{queue="ledger",state="scheduled"}"""]);
    }
}
