namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>A bulk redrive takes the messages that its filter or ids select, and no others.</summary>
public sealed class RedriveSelectionTests : DeadLetterTest
{
    [Fact]
    public async Task A_selection_by_filter_ids_and_limit_can_be_tried_out_and_redriven()
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
    public async Task A_group_without_an_exception_is_redriven_without_the_others()
    {
        var service = await Service().Start();
        var letter = await Fail(service, Guid.CreateVersion7());
        var without = await FailAndChange(service, "exception_type = NULL, handler = NULL");

        var answer = (await Post(
            service, "/redrives", new { filter = new { exception = "", handler = "", type = "Opened" }, dryRun = true })).Body;

        Assert.Equal(1, answer.GetProperty("matched").GetInt32());
        Assert.Equal([without.Id], await Ids("exception=&handler="));
        Assert.Equal([letter.Id], await Ids("exception=System.InvalidOperationException"));

        async Task<IEnumerable<Guid>> Ids(string query) =>
            (await List(service, query)).Select(json => json.GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_letter_that_cannot_be_sent_waits_and_does_not_hold_up_others()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var repaired = await Fail(service, account);
        var gone = await FailAndChange(service, "queue = 'ledger_gone'");
        var garbled = await FailAndChange(service, """headers = '{"x": {"$base64": 5}}'""");
        Poison.Remove(account);

        var (status, answer) = await Post(service, "/redrives", new { filter = new { } });

        Assert.Equal((202, 3), (status, answer.GetProperty("scheduled").GetInt32()));
        await repaired.Becomes("resolved");
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

    /// <summary>A dead letter whose row was changed afterwards.</summary>
    private async Task<Letter> FailAndChange(SampleHost service, string set)
    {
        var letter = await Fail(service, Guid.CreateVersion7());
        await Database.Execute($"UPDATE messaging.dead_letters SET {set} WHERE id = '{letter.Id}'");
        return letter;
    }
}
