using System.Net;
using System.Net.Sockets;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>A redriven message takes effect once, whatever happens on its way.</summary>
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

        var (status, answer) = await letter.Post("redrive", new { reason = "repaired" });

        Assert.Equal((202, 1, 1), (status, answer.GetProperty("matched").GetInt32(), answer.GetProperty("scheduled").GetInt32()));
        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
        var copy = (await Take("copies"))!.BasicProperties;
        Assert.Equal($"{await letter.EventId()}", copy.MessageId);
        Assert.Equal(account.ToString(), copy.CorrelationId);
        Assert.Equal("application/json", copy.ContentType);
        Assert.Equal(["MT-MessageType", "occurred-at", "sequence", "stream"], copy.Headers!.Keys.Order());
        Assert.Equal(["anna redrive", "ledger redriven", "ledger resolved"], await letter.Actions());
        Assert.Equal("repaired", (await letter.Read()).GetProperty("actions")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Many_clicks_by_two_operators_have_one_effect()
    {
        var first = await Service().Start();
        var second = await Service().Start();
        var account = Guid.CreateVersion7();
        await first.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var letter = await Fail(first, account, 2, new Deposited(account, 5));
        Poison.Remove(account);

        var clicks = await Task.WhenAll(Enumerable.Range(0, 10)
            .Select(i => i % 2 == 0 ? letter.Redrive("anna") : (letter with { Service = second }).Redrive("bert")));

        Assert.Single(clicks, click => click.Status == 202);
        Assert.All(clicks.Where(click => click.Status != 202), click => Assert.Equal(409, click.Status));
        await letter.Becomes("resolved");
        Assert.Equal((5, 1), (await first.Tally(account) is { } tally) ? (tally.Total, tally.Changes) : default);
        Assert.Single(await letter.Actions(), action => action.EndsWith(" redrive", StringComparison.Ordinal));
        Assert.Equal("dead-letter-resolved", (await letter.Redrive()).Body.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Two_operators_with_the_same_selection_redrive_each_message_once()
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
    public async Task A_crash_between_publishing_and_updating_the_row_causes_a_duplicate_but_no_second_effect()
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

        // The message was published and handled while the row stayed scheduled, so it is published again.
        await Scrape.Becomes(service.Services, """messaging_handled_total{queue="ledger",event="Deposited"}""", 1);
        await Eventually.Is(async () => (await Scrape.Of(service.Services))["""messaging_inbox_duplicates_total{queue="ledger"}"""] >= 1);
        Assert.Equal("scheduled", await letter.State());
        await Database.Execute("DROP TRIGGER crash ON messaging.dead_letters");
        await letter.Becomes("resolved");
        Assert.Equal((5, 1), (await service.Tally(account) is { } tally) ? (tally.Total, tally.Changes) : default);
        Assert.Equal(1, (await letter.Read()).GetProperty("attempts").GetInt32());
    }

    [LongFact]
    public async Task A_letter_stays_scheduled_without_a_confirm_from_the_broker()
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

        // An attempt has failed, and another has begun.
        await Eventually.Is(async () => await Attempt() is not null);
        var first = await Attempt();
        await Eventually.Is(async () => await Attempt() is { } next && next != first);
        Assert.Equal("scheduled", await letter.State());
        await Stop(service);
        Assert.Equal(1, await DeadLetters("state = 'scheduled'"));
        await Service().Start();
        await DeadLettersBecome(1, "state = 'resolved'");
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

    /// <summary>The start of the transaction in which a redrive holds its rows; null if there is none.</summary>
    private async Task<DateTime?> Attempt() => await Database.Scalar<object>(
        """
        SELECT max(xact_start) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%FOR UPDATE SKIP LOCKED%'
        """) as DateTime?;

    public sealed class TallyAudit(UnitOfWork unit) : IHandler<Audited>
    {
        public static void Locks(Audited audited, RowsToLock rows) => rows.Add<Tally>(audited.AccountId);

        public Outcome Handle(Audited audited)
        {
            unit.Add(new Tally { Id = audited.AccountId });
            return Outcome.Handled;
        }
    }
}
