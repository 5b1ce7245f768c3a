using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>
/// Dead letters that were redriven before their predecessor came, so that their events are deferred: taken over, and not handled.
/// </summary>
public sealed class DeferredLetterTests : DeadLetterTest
{
    // A transaction that deletes a deferred event stops just before its commit for as long as the test holds the lock.
    private const string StopBeforeCommit =
        """
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER stop AFTER DELETE ON messaging.deferred_events
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stop()
        """;

    [Fact]
    public async Task A_deferred_letter_that_fails_when_its_predecessor_comes_waits_again_and_is_never_lost()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await RedriveIntoDeferral(service, account, Poison.Amount);
        await ReconcilerLooks(service);
        Assert.Equal("redriven", await letter.State());
        await Database.Execute(StopBeforeCommit);
        await using (await Database.Begin("SELECT pg_advisory_xact_lock(1)"))
        {
            await Send(Message(account, 1, new Opened(account)));
            await Eventually.Is(() => Database.Scalar<bool>(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND objsubid = 1 AND NOT granted)"));

            // Every message that has reached the error queue meanwhile is filed before this one.
            var other = Guid.CreateVersion7();
            await PutInErrorQueue(service, Failed(other, 1, new Opened(other)));
        }

        await letter.Becomes("waiting", attempts: 2);
        Assert.Equal(0, await Deferred());
        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="Deposited"}""", 1);
        var failed = await letter.Read();
        Assert.Equal("poison", failed.GetProperty("exceptionMessage").GetString());
        Assert.Contains("TallyDeposit", failed.GetProperty("exceptionStack").GetString(), StringComparison.Ordinal);

        var body = $$"""{"accountId":"{{account}}","amount":5}""";
        await letter.Edit(body);
        await letter.Redrive();
        await letter.Becomes("resolved");
        Assert.Equal(5, (await service.Tally(account))!.Total);
    }

    [Fact]
    public async Task A_deferred_letter_is_resolved_when_its_predecessor_comes()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await RedriveIntoDeferral(service, account, 3);
        await ReconcilerLooks(service);
        Assert.Equal("redriven", await letter.State());

        await Send(Message(account, 1, new Opened(account)));

        await letter.Becomes("resolved");
        Assert.Equal(3, (await service.Tally(account))!.Total);
    }

    [Fact]
    public async Task A_second_copy_that_fails_while_it_is_deferred_does_not_close_it()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await RedriveIntoDeferral(service, account, 3);
        await Database.Execute($"UPDATE messaging.dead_letters SET state = 'resolved' WHERE id = '{letter.Id}'");

        await SendTo(
            "ledger_error",
            Failed(account, 2, new Deposited(account, 3), DateTimeOffset.UtcNow.AddMinutes(1), await letter.EventId()));

        await letter.Becomes("waiting", attempts: 2);
    }

    [Theory]
    [InlineData("resolve")]
    [InlineData("discard")]
    public async Task A_letter_closed_while_it_is_deferred_never_takes_effect(string action)
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await RedriveIntoDeferral(service, account, 3);

        var (status, _) = await letter.Post(action, new { reason = "booked by hand", followers = "wait" });

        Assert.Equal(200, status);
        Assert.Equal(0, await Deferred());
        await Send(Message(account, 1, new Opened(account)), Message(account, 3, new Deposited(account, 40)));
        await Eventually.Is(async () => await service.Tally(account) is { Total: 40 });
        await Send(Message(account, 2, new Deposited(account, 3), await letter.EventId()));
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 1);
        Assert.Equal(40, (await service.Tally(account))!.Total);
    }

    /// <summary>A dead letter of a deposit to an account that was never opened, redriven and so deferred.</summary>
    private async Task<Letter> RedriveIntoDeferral(SampleHost service, Guid account, int amount)
    {
        var letter = await PutInErrorQueue(service, Failed(account, 2, new Deposited(account, amount)));
        await IsConsumed("ledger");
        await letter.Redrive();
        await DeferredBecome(1);
        return letter;
    }

    /// <summary>Waits until the reconciler has looked at everything that was redriven before: it resolves this one after them.</summary>
    private async Task ReconcilerLooks(SampleHost service)
    {
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        Poison.Remove(account);
        await letter.Redrive();
        await letter.Becomes("resolved");
    }
}
