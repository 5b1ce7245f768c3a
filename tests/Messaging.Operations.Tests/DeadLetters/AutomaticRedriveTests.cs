using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>Messages that fail with a transient cause are redriven without an operator.</summary>
public sealed class AutomaticRedriveTests : DeadLetterTest
{
    [Fact]
    public async Task A_transient_failure_is_redriven_automatically_with_backoff_and_finally_waits_for_an_operator()
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

    [Fact]
    public async Task The_longest_backoff_holds_after_any_number_of_automatic_redrives()
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
    public async Task A_missing_privilege_is_redriven_automatically()
    {
        await Service().With("Messaging:DeadLetters:AutomaticBackoff", "01:00:00").Start();
        await Database.Execute(
            """
            CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$;
            CREATE TRIGGER deny BEFORE INSERT ON tallies FOR EACH ROW EXECUTE FUNCTION deny();
            """);
        var account = Guid.CreateVersion7();

        await Send(Message(account, 1, new Opened(account)));

        await DeadLettersBecome(1, "state = 'scheduled' AND exception_message LIKE '42501%'");
    }

    [Fact]
    public async Task A_scheduled_letter_can_be_redriven_now()
    {
        var service = await Service()
            .With("Messaging:DeadLetters:TransientExceptions:0", "System.InvalidOperationException")
            .With("Messaging:DeadLetters:AutomaticBackoff", "01:00:00")
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
}
