using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Messaging.Operations.Tests.DeadLetters;

namespace OrderPlatform.Messaging.Operations.Tests.Status;

/// <summary>The list of deferred events, each with the event that it waits for.</summary>
public sealed class DeferredListTests(SharedSampleService shared) : DeadLetterTest(shared), IClassFixture<SharedSampleService>
{
    [Fact]
    public async Task Each_deferred_event_is_listed_with_its_time_and_its_dead_letter()
    {
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        var begin = DateTimeOffset.UtcNow;
        await Send(Message(account, 2, new Deposited(account, 1)), Message(account, 3, new Closed(account)));
        await DeferredBecome(2, $"stream = '{account}'");

        var deferred = await Of(account);

        // Ids from the same millisecond have no order.
        var items = deferred.Items.OrderBy(item => item.GetProperty("sequence").GetInt32()).ToArray();
        Assert.Equal([2, 3], items.Select(item => item.GetProperty("sequence").GetInt32()));
        Assert.All(items, item =>
        {
            Assert.Equal("ledger", item.GetProperty("queue").GetString());
            Assert.Equal(account.ToString(), item.GetProperty("stream").GetString());
            Assert.Equal(1, item.GetProperty("missing").GetInt32());
            Assert.Equal(letter.Id, item.GetProperty("deadLetterId").GetGuid());
            Assert.Equal("waiting", item.GetProperty("deadLetterState").GetString());
            Assert.InRange(item.GetProperty("deferredAt").GetDateTimeOffset(), begin, DateTimeOffset.UtcNow);
        });
        Assert.Equal("OrderPlatform.Messaging.Testing:Closed", items[1].GetProperty("type").GetString());
        Assert.Null(deferred.Next);

        // A closed dead letter is named as long as its followers wait; a handled one is not.
        Poison.Remove(account);
        await letter.Post("discard", new { reason = "never happened", followers = "wait" });
        Assert.Equal("discarded", (await Of(account)).Items[0].GetProperty("deadLetterState").GetString());
        await Database.Execute(
            $"""
             UPDATE messaging.dead_letters SET state = 'resolved' WHERE id = '{letter.Id}';
             DELETE FROM messaging.dead_letter_actions WHERE dead_letter_id = '{letter.Id}'
             """);
        Assert.Equal(JsonValueKind.Null, (await Of(account)).Items[0].GetProperty("deadLetterId").ValueKind);
        Assert.Equal(1, (await Of(account)).Items[0].GetProperty("missing").GetInt32());

        // After a release, they wait for the dead letter only if the first of them is the next in sequence.
        await Database.Execute(
            $$"""
              UPDATE messaging.dead_letters SET state = 'discarded' WHERE id = '{{letter.Id}}';
              INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, details)
              VALUES ('{{letter.Id}}', 'anna', 'release', '{}')
              """);
        Assert.Equal(letter.Id, (await Of(account)).Items[0].GetProperty("deadLetterId").GetGuid());
        await Database.Execute($"DELETE FROM messaging.deferred_events WHERE stream = '{account}' AND sequence = 2");
        var last = Assert.Single((await Of(account)).Items);
        Assert.Equal(JsonValueKind.Null, last.GetProperty("deadLetterId").ValueKind);
        Assert.Equal(2, last.GetProperty("missing").GetInt32());

        Task<(JsonElement[] Items, string? Next)> Of(Guid stream) => Page(service, $"stream={stream}");
    }

    [Fact]
    public async Task Without_a_dead_letter_the_missing_event_is_the_one_before_the_first_deferred()
    {
        var service = await SharedService();
        var (account, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Fail(service, other);
        await Send(Message(account, 5, new Deposited(account, 1)), Message(account, 8, new Closed(account)));
        await DeferredBecome(2, $"stream = '{account}'");

        var (items, _) = await Page(service, $"stream={account}");

        Assert.Equal([4, 4], items.Select(item => item.GetProperty("missing").GetInt32()));
        Assert.All(items, item => Assert.Equal(JsonValueKind.Null, item.GetProperty("deadLetterId").ValueKind));
    }

    [Fact]
    public async Task Pages_and_filters_show_each_event_once()
    {
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        var messages = Enumerable.Range(2, 7).Select(sequence => Message(account, sequence, new Deposited(account, sequence))).ToArray();
        await Send(messages);
        await DeferredBecome(7, $"stream = '{account}'");
        // The same events, deferred in two queues.
        await Database.Execute(
            $"""
             INSERT INTO messaging.deferred_events (event_id, queue, type, stream, sequence, correlation_id, occurred_at, data)
             SELECT event_id, 'ledger_history', type, stream || 'x', sequence, correlation_id, occurred_at, data
             FROM messaging.deferred_events WHERE stream = '{account}'
             """);
        var seen = new List<string>();
        for (string? after = null; ;)
        {
            var page = await Page(service, $"limit=3{(after is null ? "" : $"&after={after}")}");
            seen.AddRange(page.Items.Select(item => $"{item.GetProperty("eventId")} {item.GetProperty("queue")}"));
            if (page.Next is null)
                break;
            Assert.Equal(3, page.Items.Length);
            after = page.Next;
        }

        Assert.Equal(14, seen.Count(item => messages.Any(message => item.StartsWith(message.Id, StringComparison.Ordinal))));
        Assert.Equal(seen.Distinct(), seen);
        Assert.Equal(seen.Order(StringComparer.Ordinal), seen);
        Assert.Equal(7, (await Page(service, "queue=ledger_history")).Items.Length);
        Assert.Equal(7, (await Page(service, $"stream={account}")).Items.Length);
        Assert.Empty((await Page(service, $"stream={account}&queue=ledger_history")).Items);
    }

    [Theory]
    [InlineData("queue=", "queue")]
    [InlineData("queue=%00", "queue")]
    [InlineData("stream=%00", "stream")]
    [InlineData("limit=0", "limit")]
    [InlineData("after=x", "after")]
    [InlineData("after=0199d0c56f1e7cc3a1b28f2d5c1e9a70_%00", "after")]
    public async Task Malformed_queries_are_refused_and_the_parameter_is_named(string query, string field)
    {
        var service = await SharedService();

        using var response = await service.Http.GetAsync($"/ops/deferred?{query}", Cancellation);

        Assert.Equal(400, (int)response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    private static async Task<(JsonElement[] Items, string? Next)> Page(SampleHost service, string query = "")
    {
        var page = await service.Http.GetFromJsonAsync<JsonElement>($"/ops/deferred?{query}", Cancellation);
        return ([.. page.GetProperty("items").EnumerateArray()], page.GetProperty("next").GetString());
    }
}
