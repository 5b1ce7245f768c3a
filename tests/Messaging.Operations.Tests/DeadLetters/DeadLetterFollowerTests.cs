using Microsoft.EntityFrameworkCore;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterFollowerTests : DeadLetterTest
{
    [Fact]
    public async Task Three_followers_wait_and_run_in_sequence_after_the_redrive_while_other_streams_flow()
    {
        var ledger = await StartApp();
        var (account, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var (id, _) = await Fail(ledger, account);
        await SendFollowers(account);
        await Eventually.Is(async () => await Deferred(ledger) == 3);

        await Send(Message(other, 1, new Opened(other)), Message(other, 2, new Deposited(other, 7)));
        await Eventually.Is(async () => await ledger.Tally(other) is { Total: 7 });
        Assert.Equal(
            [2, 3, 4],
            (await Get(ledger, id)).GetProperty("followers").EnumerateArray().Select(f => f.GetProperty("sequence").GetInt32()));
        Assert.Null(await ledger.Tally(account));

        Poison.Remove(account);
        await Redrive(ledger, id);

        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        Assert.Equal(0, await Deferred(ledger));
        await Becomes(ledger, id, "resolved");
    }

    [Theory]
    [InlineData("discard", "discarded")]
    [InlineData("resolve", "resolved")]
    public async Task What_is_closed_never_takes_effect_and_its_followers_wait_if_they_shall(string action, string state)
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, messageId) = await Fail(ledger, account);
        await SendFollowers(account);
        await Eventually.Is(async () => await Deferred(ledger) == 3);
        Poison.Remove(account);

        var (status, closed) = await Post(ledger, $"/{id}/{action}", new { reason = "refunded by hand", followers = "wait" });

        Assert.Equal((200, state), (status, closed.GetProperty("state").GetString()));
        Assert.Equal([$"anna {action}"], await Actions(ledger, id));
        var copy = Message(account, 1, new Opened(account));
        copy.Properties.MessageId = messageId;
        await Send(copy);
        await Scrape.Becomes(ledger.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 1);
        Assert.Null(await ledger.Tally(account));
        Assert.Equal(3, await Deferred(ledger));
        Assert.Equal($"dead-letter-{state}", (await Redrive(ledger, id)).Body.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Followers_run_when_an_operator_has_done_by_hand_what_they_wait_for()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await SendFollowers(account);
        await Eventually.Is(async () => await Deferred(ledger) == 3);
        await ledger.OpenByHand(account);

        await Post(ledger, $"/{id}/resolve", new { reason = "opened by hand", followers = "run" });

        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        Assert.Equal(0, await Deferred(ledger));
        Assert.Single(await List(ledger));
    }

    [Fact]
    public async Task Followers_that_can_not_run_become_dead_letters_and_nothing_is_deferred_for_ever()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await SendFollowers(account);
        await Eventually.Is(async () => await Deferred(ledger) == 3);

        await Post(ledger, $"/{id}/discard", new { reason = "never happened", followers = "run" });

        await Eventually.Is(async () => (await List(ledger, "state=waiting")).Length == 3);
        Assert.Equal(0, await Deferred(ledger));
        var letters = await List(ledger, "state=waiting&text=waits for an event that was discarded");
        Assert.Equal([2, 3, 4], letters.Select(letter => letter.GetProperty("sequence").GetInt32()).Order());

        // They are dead letters like any other: an operator mends the order by hand, and redrives them.
        await ledger.OpenByHand(account);
        await Post(ledger, "/redrives", new { filter = new { stream = account.ToString() } });
        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 3);
    }

    [Fact]
    public async Task A_follower_that_fails_becomes_a_dead_letter_and_the_others_have_their_turn()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await Send(Message(account, 2, new Deposited(account, Poison.Amount)), Message(account, 3, new Deposited(account, 4)));
        await Eventually.Is(async () => await Deferred(ledger) == 2);
        await ledger.OpenByHand(account);

        await Post(ledger, $"/{id}/resolve", new { reason = "opened by hand", followers = "run" });

        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 4 });
        await Eventually.Is(async () =>
            (await List(ledger, "state=waiting")) is [var letter] && letter.GetProperty("sequence").GetInt32() == 2);
        Assert.Equal(0, await Deferred(ledger));
    }

    [Fact]
    public async Task What_took_effect_meanwhile_can_be_resolved_but_not_discarded()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, messageId) = await Fail(ledger, account);
        Poison.Remove(account);
        await ledger.Queue.Handle(Incoming(account, 1, new Opened(account), Guid.Parse(messageId)));

        var (status, problem) = await Post(ledger, $"/{id}/discard", new { reason = "never happened", followers = "wait" });
        Assert.Equal((409, "dead-letter-handled"), (status, problem.GetProperty("code").GetString()));

        Assert.Equal(200, (await Post(ledger, $"/{id}/resolve", new { reason = "it has happened", followers = "wait" })).Status);
    }

    [Fact]
    public async Task Followers_that_were_left_waiting_run_when_an_operator_releases_them()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await SendFollowers(account);
        await Eventually.Is(async () => await Deferred(ledger) == 3);
        await Code(ledger, id, "dead-letter-not-closed");
        await Post(ledger, $"/{id}/resolve", new { reason = "opened by hand", followers = "wait" });
        await ledger.OpenByHand(account);

        var (status, letter) = await Post(ledger, $"/{id}/release", new { reason = "the customer asked again" }, "bert");

        Assert.Equal((200, "resolved"), (status, letter.GetProperty("state").GetString()));
        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 3, Changes: 2, Closed: true });
        Assert.Equal(0, await Deferred(ledger));
        Assert.Equal(["anna resolve", "bert release"], await Actions(ledger, id));
        await Code(ledger, id, "dead-letter-without-followers");
    }

    [Fact]
    public async Task Releasing_twice_is_done_once_and_what_comes_later_can_be_released_too()
    {
        var ledger = await StartApp(("Messaging:DeadLetters:SweepInterval", "01:00:00"));
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await SendFollowers(account);
        await Eventually.Is(async () => await Deferred(ledger) == 3);
        await Post(ledger, $"/{id}/discard", new { reason = "a test", followers = "wait" });

        var clicks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Post(ledger, $"/{id}/release", new { reason = "after all" })));

        Assert.All(clicks, click => Assert.Equal(200, click.Status));
        Assert.Equal(["anna discard", "anna release"], await Actions(ledger, id));
        await Stop(ledger);

        ledger = await StartApp();
        await Eventually.Is(async () => await DeadLetters("state = 'waiting'") == 3);
        await Send(Message(account, 5, new Deposited(account, 1)));
        await Eventually.Is(async () => await Deferred(ledger) == 1);
        Assert.Equal(200, (await Post(ledger, $"/{id}/release", new { reason = "and this one" })).Status);
        await Eventually.Is(async () => await DeadLetters("state = 'waiting'") == 4);
        Assert.Equal(0, await Deferred(ledger));
    }

    [Fact]
    public async Task What_was_handled_releases_nothing_as_those_on_its_stream_wait_for_something_else()
    {
        var ledger = await StartApp();
        var account = Guid.CreateVersion7();
        var (id, _) = await Fail(ledger, account);
        Poison.Remove(account);
        await Post(ledger, $"/{id}/redrive", new { });
        await Becomes(ledger, id, "resolved");
        await Execute(
            $"""
             INSERT INTO messaging.deferred_events (event_id, queue, type, stream, sequence, correlation_id, occurred_at, data, retry_at)
             SELECT gen_random_uuid(), queue, type, stream, 5, gen_random_uuid(), now(), '{"{}"}', now() + interval '1 day'
             FROM messaging.dead_letters WHERE id = '{id}'
             """);

        await Code(ledger, id, "dead-letter-without-followers");

        Assert.Equal(1, await Deferred(ledger));
    }

    /// <summary>Nothing can be released, and why.</summary>
    private static async Task Code(SampleHost ledger, Guid id, string code)
    {
        var (status, problem) = await Post(ledger, $"/{id}/release", new { reason = "x" });
        Assert.Equal((409, code), (status, problem.GetProperty("code").GetString()));
    }

    private Task SendFollowers(Guid account) => Send(
        Message(account, 4, new Closed(account)),
        Message(account, 3, new Deposited(account, 2)),
        Message(account, 2, new Deposited(account, 1)));
}
