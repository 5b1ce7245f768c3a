using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterFollowerTests : DeadLetterTest
{
    [Fact]
    public async Task Three_followers_wait_and_run_in_sequence_after_the_redrive_while_other_streams_flow()
    {
        var service = await Service().Start();
        var (account, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var letter = await Fail(service, account);
        await SendFollowers(account);
        await DeferredBecome(3);

        await Send(Message(other, 1, new Opened(other)), Message(other, 2, new Deposited(other, 7)));
        await Eventually.Is(async () => await service.Tally(other) is { Total: 7 });
        Assert.Equal(
            [2, 3, 4],
            (await letter.Read()).GetProperty("followers").EnumerateArray().Select(f => f.GetProperty("sequence").GetInt32()));
        Assert.Null(await service.Tally(account));

        Poison.Remove(account);
        await letter.Redrive();

        await Eventually.Is(async () => await service.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        Assert.Equal(0, await Deferred());
        await letter.Becomes("resolved");
    }

    [Theory]
    [InlineData("discard", "discarded")]
    [InlineData("resolve", "resolved")]
    public async Task A_closed_dead_letter_never_takes_effect_and_its_followers_wait_if_told_to(string action, string state)
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await SendFollowers(account);
        await DeferredBecome(3);
        Poison.Remove(account);

        var (status, closed) = await letter.Post(action, new { reason = "refunded by hand", followers = "wait" });

        Assert.Equal((200, state), (status, closed.GetProperty("state").GetString()));
        Assert.Equal([$"anna {action}"], await letter.Actions());
        await Send(Message(account, 1, new Opened(account), await letter.EventId()));
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 1);
        Assert.Null(await service.Tally(account));
        Assert.Equal(3, await Deferred());
        Assert.Equal($"dead-letter-{state}", (await letter.Redrive()).Body.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Followers_run_when_an_operator_has_done_by_hand_what_they_wait_for()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        var service = letter.Service;
        await SendFollowers(account);
        await DeferredBecome(3);
        await service.OpenByHand(account);

        await letter.Post("resolve", new { reason = "opened by hand", followers = "run" });

        await Eventually.Is(async () => await service.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        Assert.Equal(0, await Deferred());
        Assert.Single(await List(service));
    }

    [Fact]
    public async Task Followers_that_cannot_run_become_dead_letters_and_nothing_is_deferred_forever()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        var service = letter.Service;
        await SendFollowers(account);
        await DeferredBecome(3);

        await letter.Post("discard", new { reason = "never happened", followers = "run" });

        await Eventually.Is(async () => (await List(service, "state=waiting")).Length == 3);
        Assert.Equal(0, await Deferred());
        var letters = await List(service, "state=waiting&text=waits for an event that was discarded");
        Assert.Equal([2, 3, 4], letters.Select(json => json.GetProperty("sequence").GetInt32()).Order());

        // They are dead letters like any other: an operator repairs the order by hand, and redrives them.
        await service.OpenByHand(account);
        await Post(service, "/redrives", new { filter = new { stream = account.ToString() } });
        await Eventually.Is(async () => await service.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        await DeadLettersBecome(3, "state = 'resolved'");
    }

    [Fact]
    public async Task A_follower_that_fails_becomes_a_dead_letter_and_the_others_have_their_turn()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        var service = letter.Service;
        await Send(Message(account, 2, new Deposited(account, Poison.Amount)), Message(account, 3, new Deposited(account, 4)));
        await DeferredBecome(2);
        await service.OpenByHand(account);

        await letter.Post("resolve", new { reason = "opened by hand", followers = "run" });

        await Eventually.Is(async () => await service.Tally(account) is { Total: 4 });
        await Eventually.Is(async () =>
            (await List(service, "state=waiting")) is [var letter] && letter.GetProperty("sequence").GetInt32() == 2);
        Assert.Equal(0, await Deferred());
    }

    [Fact]
    public async Task An_event_that_took_effect_meanwhile_can_be_resolved_but_not_discarded()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        await letter.Service.Queue.Handle(Incoming(account, 1, new Opened(account), await letter.EventId()));

        var (status, problem) = await letter.Post("discard", new { reason = "never happened", followers = "wait" });
        Assert.Equal((409, "dead-letter-handled"), (status, problem.GetProperty("code").GetString()));

        Assert.Equal(200, (await letter.Post("resolve", new { reason = "it has happened", followers = "wait" })).Status);
    }

    [Fact]
    public async Task Followers_that_were_left_waiting_run_when_an_operator_releases_them()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        var service = letter.Service;
        await SendFollowers(account);
        await DeferredBecome(3);
        await CannotRelease(letter, "dead-letter-not-closed");
        await letter.Post("resolve", new { reason = "opened by hand", followers = "wait" });
        await service.OpenByHand(account);

        var (status, released) = await letter.Post("release", new { reason = "the customer asked again" }, "bert");

        Assert.Equal((200, "resolved"), (status, released.GetProperty("state").GetString()));
        await Eventually.Is(async () => await service.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        Assert.Equal(0, await Deferred());
        Assert.Equal(["anna resolve", "bert release"], await letter.Actions());
        await CannotRelease(letter, "dead-letter-without-followers");
    }

    [Fact]
    public async Task A_second_release_changes_nothing_and_later_followers_can_be_released_too()
    {
        var service = await Service().With("Messaging:DeadLetters:ReconcileInterval", "01:00:00").Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        Poison.Remove(account);
        await SendFollowers(account);
        await DeferredBecome(3);
        await letter.Post("discard", new { reason = "a test", followers = "wait" });

        var clicks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => letter.Post("release", new { reason = "after all" })));

        Assert.All(clicks, click => Assert.Equal(200, click.Status));
        Assert.Equal(["anna discard", "anna release"], await letter.Actions());
        await Stop(service);

        letter = letter with { Service = await Service().Start() };
        await DeadLettersBecome(3, "state = 'waiting'");
        await Send(Message(account, 5, new Deposited(account, 1)));
        await DeferredBecome(1);
        Assert.Equal(200, (await letter.Post("release", new { reason = "and this one" })).Status);
        await DeadLettersBecome(4, "state = 'waiting'");
        Assert.Equal(0, await Deferred());
    }

    [Fact]
    public async Task A_handled_dead_letter_releases_nothing()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        await letter.Post("redrive", new { });
        await letter.Becomes("resolved");
        await Database.Execute(
            $"""
             INSERT INTO messaging.deferred_events (event_id, queue, type, stream, sequence, correlation_id, occurred_at, data, retry_at)
             SELECT gen_random_uuid(), queue, type, stream, 5, gen_random_uuid(), now(), '{"{}"}', now() + interval '1 day'
             FROM messaging.dead_letters WHERE id = '{letter.Id}'
             """);

        await CannotRelease(letter, "dead-letter-without-followers");

        Assert.Equal(1, await Deferred());
    }

    private static async Task CannotRelease(Letter letter, string code)
    {
        var (status, problem) = await letter.Post("release", new { reason = "x" });
        Assert.Equal((409, code), (status, problem.GetProperty("code").GetString()));
    }

    private Task SendFollowers(Guid account) => Send(
        Message(account, 4, new Closed(account)),
        Message(account, 3, new Deposited(account, 2)),
        Message(account, 2, new Deposited(account, 1)));
}
