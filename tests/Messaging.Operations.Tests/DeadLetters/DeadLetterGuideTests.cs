using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>
/// The commands of shared/Messaging.Operations/DeadLetters/README.md as they stand there, except for addresses, ids and the event's type,
/// and the effects that it promises.
/// </summary>
public sealed class DeadLetterGuideTests : DeadLetterTest
{
    private const string Transient = "System.TimeoutException";

    /// <summary>Automatic redrives are delayed so that a test can look at scheduled messages.</summary>
    private static readonly (string Key, string Value) GoesLater = ("Messaging:DeadLetters:AutomaticBackoff", "00:10:00");

    private static readonly Guide Guide = Guide.Read(Path.Combine(AppContext.BaseDirectory, "guides", "dead-letters.md"), "What to do");

    private static readonly string[] Situations =
    [
        "the alert DeadLettersArriving fires", "the cause is repaired", "the first redriven message is `resolved`",
        "everything failed during an outage", "one order is stuck", "a producer wrote something wrong", "`body.json` is corrected",
        "a message must never take effect", "the whole operation must not happen", "old dead letters should go",
        "a redrive was a mistake", "followers of a closed message still wait",
    ];

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory();

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        directory.Delete(recursive: true);
    }

    [Fact]
    public void Every_block_is_run_by_a_test_of_this_class() => Assert.Equal(Situations.Select(Guide.After), Guide.Blocks);

    [Fact]
    public async Task An_alert_leads_to_the_waiting_and_scheduled_messages_and_their_details()
    {
        var service = await Service().With(GoesLater).Start();
        var waiting = await Fail(service, Guid.CreateVersion7());
        var scheduled = await FailForAWhile(service, Guid.CreateVersion7());

        var answers = Guide.Answers(await Run(service, "the alert DeadLettersArriving fires", waiting.Id));

        string[] Of(int answer, string property) =>
            [.. answers[answer].GetProperty("items").EnumerateArray().Select(item => item.GetProperty(property).ToString())];
        Assert.Equal(6, answers.Count);
        Assert.Equal(["System.InvalidOperationException"], Of(0, "exceptionType"));
        Assert.Equal([Transient], Of(1, "exceptionType"));
        Assert.Empty(Of(2, "state"));
        Assert.Equal([$"{waiting.Id}"], Of(3, "id"));
        Assert.InRange(answers[4][0].GetDateTimeOffset(), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddMinutes(10));
        Assert.Equal(scheduled.Id, answers[4][1].GetGuid());
        Assert.Equal(waiting.Id, answers[5].GetProperty("id").GetGuid());
        Assert.NotEmpty(answers[5].GetProperty("exceptionStack").GetString()!);
    }

    [Fact]
    public async Task A_scheduled_message_can_be_redriven_at_once()
    {
        var service = await Service().With(GoesLater).Start();
        var (account, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var waiting = await Fail(service, account);
        var scheduled = await FailForAWhile(service, other);
        Poison.Remove(account);

        foreach (var letter in new[] { waiting, scheduled })
        {
            var output = await Run(service, "the cause is repaired", letter.Id);
            Assert.Contains("\"state\": \"resolved\"", output, StringComparison.Ordinal);
            Assert.Contains("anna redrive", await letter.Actions());
        }

        Assert.NotNull(await service.Tally(account));
        Assert.NotNull(await service.Tally(other));
    }

    [Fact]
    public async Task The_rest_of_the_group_is_counted_and_then_sent()
    {
        var service = await Service().Start();
        await Insert(1, 5);
        await Insert(6, 3, exception: Transient);

        var answers = Guide.Answers(await Run(service, "the first redriven message is `resolved`"));

        Assert.Equal((5, 0), Redriven(answers[0]));
        Assert.Equal((5, 5), Redriven(answers[1]));
        await DeadLettersBecome(5, "state = 'resolved'");
        Assert.Equal(3, await DeadLetters("state = 'waiting'"));
        Assert.Equal(5, await Database.Scalar<long>(
            "SELECT count(*) FROM messaging.dead_letter_actions WHERE (who, reason) = ('anna', 'Fixed in 1.4.2')"));
    }

    [Fact]
    public async Task Only_messages_that_failed_in_the_hour_of_an_outage_are_sent()
    {
        var service = await Service().Start();
        await Insert(1, 4);
        await Database.Execute(
            """
            UPDATE messaging.dead_letters AS letter SET last_failed_at = at
            FROM unnest(
                ARRAY['2026-01-31 11:59Z', '2026-01-31 12:00Z', '2026-01-31 12:59Z', '2026-01-31 13:00Z']::timestamptz[]
            ) WITH ORDINALITY AS hours (at, n)
            WHERE exception_message = 'poison ' || n
            """);

        var answers = Guide.Answers(await Run(service, "everything failed during an outage"));

        Assert.Equal((2, 2), Redriven(Assert.Single(answers)));
        await DeadLettersBecome(2, "state = 'resolved' AND exception_message IN ('poison 2', 'poison 3')");
        Assert.Equal(2, await DeadLetters("state = 'waiting'"));
    }

    [Fact]
    public async Task The_dead_letters_of_an_order_are_listed_the_oldest_last()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var first = await Fail(service, account);
        var second = await Fail(service, account);
        await Fail(service, Guid.CreateVersion7());

        var list = Assert.Single(Guide.Answers(await Run(service, "one order is stuck", stream: account)));

        Assert.Equal([second.Id, first.Id], list.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetGuid()));
    }

    [Fact]
    public async Task A_body_is_downloaded_unchanged_corrected_and_redriven()
    {
        var account = Guid.CreateVersion7();
        var letter = await DeadLetter(account);
        var service = letter.Service;
        var wrong = $$"""{"accountId":"?", "accountId":"{{account}}", "amount":1.10, "number":9007199254740993, "text":"A\u00e9\"\\"}""";
        await Database.Execute($"UPDATE messaging.dead_letters SET body = convert_to('{wrong}', 'UTF8')");
        var file = Path.Combine(directory.FullName, "body.json");

        await Run(service, "a producer wrote something wrong", letter.Id);
        Assert.Equal(wrong, await File.ReadAllTextAsync(file, Cancellation));

        var refused = await Guide.Run(Here(service, "`body.json` is corrected", letter.Id, default), directory.FullName);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("accountId", refused.Output, StringComparison.Ordinal);
        Assert.Empty(await letter.Actions());

        await File.WriteAllTextAsync(file, $$"""{"accountId":"{{account}}"}""", Cancellation);
        await Run(service, "`body.json` is corrected", letter.Id);
        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
        Assert.Equal(wrong, (await letter.Read()).GetProperty("originalBody").GetString());
        Assert.Equal(["anna edit", "anna redrive"], (await letter.Actions())[..2]);
    }

    [Fact]
    public async Task A_message_whose_work_was_done_by_hand_is_resolved_and_its_followers_run()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await FailWithFollower(service, account);
        await service.OpenByHand(account);

        await Run(service, "a message must never take effect", letter.Id);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 5, Changes: 1 });
        await NeverTakesEffect(service, account, await letter.EventId());
        Assert.Equal(["anna resolve"], await letter.Actions());
    }

    [Fact]
    public async Task A_message_that_must_not_take_effect_is_discarded_and_its_followers_stay_deferred()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await FailWithFollower(service, account);

        await Run(service, "the whole operation must not happen", letter.Id);

        await NeverTakesEffect(service, account, await letter.EventId());
        Assert.Null(await service.Tally(account));
        Assert.Equal(1, await Deferred());
        Assert.Equal("discarded", await letter.State());
    }

    [Fact]
    public async Task A_redrive_that_was_a_mistake_is_found_and_cancelled()
    {
        var service = await Service().Start();
        await Insert(1, 5);

        var answers = Guide.Answers(await Run(service, "a redrive was a mistake"));

        Assert.Equal("anna", Assert.Single(answers[0].GetProperty("items").EnumerateArray()).GetProperty("by").GetString());
        Assert.InRange(await DeadLetters("state = 'waiting'"), 3, 5);
        Assert.Equal(0, await DeadLetters("state = 'scheduled'"));
        Assert.InRange(
            await Database.Scalar<long>(
                "SELECT count(*) FROM messaging.dead_letter_actions WHERE (who, action, reason) = ('anna', 'cancel', 'Not fixed')"),
            3, 5);
    }

    [Fact]
    public async Task Followers_that_were_to_wait_are_released()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await FailWithFollower(service, account);
        await service.OpenByHand(account);
        await Run(service, "the whole operation must not happen", letter.Id);
        Assert.Equal(1, await Deferred());

        await Run(service, "followers of a closed message still wait", letter.Id);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 5, Changes: 1 });
        Assert.Equal(["anna discard", "anna release"], await letter.Actions());
    }

    [Fact]
    public async Task Old_closed_messages_are_deleted_and_discarded_ones_still_take_no_effect()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        var eventId = await letter.EventId();
        await letter.Post("discard", new { reason = "A test order", followers = "wait" });
        await Insert(1, 2, state: "resolved");
        await Insert(3, 2);
        await Database.Execute(
            "UPDATE messaging.dead_letters SET last_failed_at = now() - interval '366 days' WHERE exception_message <> 'poison 1'");

        await Database.Execute(Guide.After("old dead letters should go"));

        Assert.Equal(["poison 1", "poison 3", "poison 4"], (await List(service)).Select(Text).Order());
        Assert.Equal(0, await Database.Scalar<long>("SELECT count(*) FROM messaging.dead_letter_actions"));
        Poison.Remove(account);
        await NeverTakesEffect(service, account, eventId);
        Assert.Null(await service.Tally(account));

        static string Text(JsonElement letter) => letter.GetProperty("exceptionMessage").GetString()!;
    }

    /// <summary>Sends an event that fails with a transient cause, and waits until it is filed.</summary>
    private async Task<Letter> FailForAWhile(SampleHost service, Guid account)
    {
        var message = Failed(account, 1, new Opened(account));
        message.Properties.Headers!["MT-Fault-ExceptionType"] = Transient;
        return await PutInErrorQueue(service, message);
    }

    /// <summary>An opening that fails, and a deposit that waits for it.</summary>
    private async Task<Letter> FailWithFollower(SampleHost service, Guid account)
    {
        var failed = await Fail(service, account);
        Poison.Remove(account);
        await Send(Message(account, 2, new Deposited(account, 5)));
        await DeferredBecome(1);
        // Deferred events are retried from time to time; this one must not run on its own.
        await Database.Execute("UPDATE messaging.deferred_events SET retry_at = now() + interval '1 day'");
        return failed;
    }

    /// <summary>Sends the message once more, and waits until it is dropped.</summary>
    private async Task NeverTakesEffect(SampleHost service, Guid account, Guid eventId)
    {
        await Send(Message(account, 1, new Opened(account), eventId));
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 1);
    }

    /// <summary>Runs a block, which must succeed.</summary>
    private async Task<string> Run(SampleHost service, string situation, Guid id = default, Guid stream = default)
    {
        var block = Here(service, situation, id, stream);
        var (exitCode, output, errors) = await Guide.Run(block, directory.FullName);
        Assert.True(exitCode == 0, $"{block}\n{output}\n{errors}");
        return output;
    }

    private static string Here(SampleHost service, string situation, Guid id, Guid stream) => Guide.After(situation)
        .Replace("http://localhost:5102/", service.Http.BaseAddress!.ToString(), StringComparison.Ordinal)
        .Replace("0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70", id.ToString(), StringComparison.Ordinal)
        .Replace("0199d0c5-7a20-7d11-8e55-2b9c4f6d8013", stream.ToString(), StringComparison.Ordinal)
        .Replace("OrderPlaced", nameof(Opened), StringComparison.Ordinal);

    private static (int Matched, int Scheduled) Redriven(JsonElement answer) =>
        (answer.GetProperty("matched").GetInt32(), answer.GetProperty("scheduled").GetInt32());
}
