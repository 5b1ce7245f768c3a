using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>
/// Dead letters that were redriven before their predecessor came, so that their events are deferred: taken over, and not handled.
/// </summary>
public sealed class DeferredLetterTests : DeadLetterTest
{
    // Whoever takes a deferred event out stops just before its commit, for as long as the test holds the lock.
    private const string StopBeforeCommit =
        """
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER stop AFTER DELETE ON messaging.deferred_events
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stop()
        """;

    [Fact]
    public async Task What_fails_when_its_predecessor_comes_waits_for_people_again_and_is_never_lost()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var id = await RedriveIntoParking(ledger, account, Poison.Amount);
        await SweepLooks(ledger);
        Assert.Equal("redriven", (await Get(ledger, id)).GetProperty("state").GetString());
        await Execute(StopBeforeCommit);
        await using (var connection = await Database.Source.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await using var hold = new Npgsql.NpgsqlCommand("SELECT pg_advisory_xact_lock(1)", connection);
            await hold.ExecuteNonQueryAsync(Cancellation);
            await Send(Message(account, 1, new Opened(account)));
            await Eventually.Is(() => Database.Scalar<bool>(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND objsubid = 1 AND NOT granted)"));

            // Whatever has been sent to the error queue meanwhile is filed before this.
            var other = Guid.CreateVersion7();
            var marker = Failed(other, 1, new Opened(other));
            await SendTo("ledger_error", marker);
            await Eventually.Is(async () => (await List(ledger, $"text={marker.Id}")).Length == 1);
        }

        await Becomes(ledger, id, "waiting", attempts: 2);
        Assert.Equal(0, await Deferred(ledger));
        await Scrape.Becomes(ledger.Services, """messaging_dead_letters_total{queue="ledger",event="Deposited"}""", 1);
        var letter = await Get(ledger, id);
        Assert.Equal("poison", letter.GetProperty("exceptionMessage").GetString());
        Assert.Contains("TallyDeposit", letter.GetProperty("exceptionStack").GetString(), StringComparison.Ordinal);

        var body = $$"""{"accountId":"{{account}}","amount":5}""";
        await Send(ledger, HttpMethod.Put, $"/{id}/body", System.Text.Json.JsonSerializer.Serialize(new { body }));
        await Redrive(ledger, id);
        await Becomes(ledger, id, "resolved");
        Assert.Equal(5, (await ledger.Tally(account))!.Total);
    }

    [Fact]
    public async Task What_is_handled_when_its_predecessor_comes_is_resolved_then()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var id = await RedriveIntoParking(ledger, account, 3);
        await SweepLooks(ledger);
        Assert.Equal("redriven", (await Get(ledger, id)).GetProperty("state").GetString());

        await Send(Message(account, 1, new Opened(account)));

        await Becomes(ledger, id, "resolved");
        Assert.Equal(3, (await ledger.Tally(account))!.Total);
    }

    [Fact]
    public async Task A_second_copy_that_fails_while_it_is_deferred_does_not_close_it()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var id = await RedriveIntoParking(ledger, account, 3);
        await Execute($"UPDATE messaging.dead_letters SET state = 'resolved' WHERE id = '{id}'");
        var copy = Failed(account, 2, new Deposited(account, 3), DateTimeOffset.UtcNow.AddMinutes(1));
        copy.Properties.MessageId = (await Get(ledger, id)).GetProperty("messageId").GetString();

        await SendTo("ledger_error", copy);

        await Becomes(ledger, id, "waiting", attempts: 2);
    }

    [Theory]
    [InlineData("resolve")]
    [InlineData("discard")]
    public async Task What_is_closed_while_it_is_deferred_never_takes_effect(string action)
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var id = await RedriveIntoParking(ledger, account, 3);

        var (status, _) = await Post(ledger, $"/{id}/{action}", new { reason = "booked by hand", followers = "wait" });

        Assert.Equal(200, status);
        Assert.Equal(0, await Deferred(ledger));
        await Send(Message(account, 1, new Opened(account)), Message(account, 3, new Deposited(account, 40)));
        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 40 });
        var copy = Message(account, 2, new Deposited(account, 3));
        copy.Properties.MessageId = (await Get(ledger, id)).GetProperty("messageId").GetString();
        await Send(copy);
        await Scrape.Becomes(ledger.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 1);
        Assert.Equal(40, (await ledger.Tally(account))!.Total);
    }

    /// <summary>A deposit whose account was never opened: a dead letter, redriven, and deferred.</summary>
    private async Task<Guid> RedriveIntoParking(SampleHost ledger, Guid account, int amount)
    {
        await Eventually.Is(async () => await Consumers("ledger_error") > 0);
        var message = Failed(account, 2, new Deposited(account, amount));
        await SendTo("ledger_error", message);
        await Eventually.Is(async () => (await List(ledger, $"text={message.Id}")).Length == 1);
        var id = (await List(ledger, $"text={message.Id}"))[0].GetProperty("id").GetGuid();
        await Eventually.Is(async () => await Consumers("ledger") > 0);
        await Redrive(ledger, id);
        await Eventually.Is(async () => await Deferred(ledger) == 1);
        return id;
    }

    /// <summary>Returns when the sweep has looked at all that was redriven before: at this one after them.</summary>
    private async Task SweepLooks(SampleHost ledger)
    {
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await Redrive(ledger, id);
        await Becomes(ledger, id, "resolved");
    }
}
