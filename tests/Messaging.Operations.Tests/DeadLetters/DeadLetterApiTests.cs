using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterApiTests : DeadLetterTest
{
    [Theory]
    [InlineData("?state=dead", "state")]
    [InlineData("?queue=", "queue")]
    [InlineData("?exception=%00", "exception")]
    [InlineData("?since=yesterday", "since")]
    [InlineData("?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until")]
    [InlineData("?after=first", "after")]
    [InlineData("?limit=201", "limit")]
    [InlineData("/groups?state=dead", "state")]
    [InlineData("/groups?queue=%00", "queue")]
    [InlineData("/groups?queue=", "queue")]
    public async Task Bad_questions_are_refused_and_say_where(string path, string field)
    {
        var service = await Service().Start();

        using var response = await service.Http.GetAsync($"/ops/dead-letters{path}", Cancellation);

        Assert.Equal(400, (int)response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal("invalid-request", problem.GetProperty("code").GetString());
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task Bad_orders_are_refused_and_say_what_to_change()
    {
        var service = await Service().Start();
        var letter = await Fail(service, Guid.CreateVersion7());
        (string Path, string Body, string Field)[] bad =
        [
            ("/redrives", "{}", "$"),
            ("/redrives", """{"ids":[],"perSecond":1}""", "ids"),
            ("/redrives", "{\"ids\":[\"" + letter.Id + "\"],\"filter\":{}}", "$"),
            ("/redrives", """{"filter":{"state":"redriven"}}""", "filter.state"),
            ("/redrives", """{"filter":{"text":""}}""", "filter.text"),
            ("/redrives", """{"filter":{},"limit":0}""", "limit"),
            ("/redrives", """{"filter":{},"perSecond":0}""", "perSecond"),
            ("/redrives", """{"filter":{},"reason":" "}""", "reason"),
            ("/redrives", """{"filter":{},"perSecnd":1}""", "perSecnd"),
            ($"/{letter.Id}/redrive", """{"reason":""}""", "reason"),
            ($"/{letter.Id}/discard", """{"followers":"wait"}""", "reason"),
            ($"/{letter.Id}/discard", """{"reason":"","followers":"wait"}""", "reason"),
            ($"/{letter.Id}/discard", """{"reason":"x"}""", "followers"),
            ($"/{letter.Id}/resolve", """{"reason":"x","followers":"go"}""", "followers"),
            ($"/{letter.Id}/release", "{}", "reason"),
            ($"/{letter.Id}/release", """{"reason":""}""", "reason"),
            ($"/redrives/{letter.Id}/cancel", """{"reason":""}""", "reason"),
        ];
        foreach (var (path, body, field) in bad)
        {
            var (status, problem) = await Send(service, HttpMethod.Post, path, body);
            Assert.True(
                status == 400 && problem.GetProperty("errors").TryGetProperty(field, out _), $"{path} {body}: {status} {problem}");
        }

        foreach (var action in (string[])["redrive", "discard", "resolve"])
        {
            var (status, problem) = await Post(service, $"/{Guid.NewGuid()}/{action}", new { reason = "x", followers = "wait" });
            // A redrive knows no followers.
            Assert.Equal(action == "redrive" ? 400 : 404, status);
            Assert.Equal(action == "redrive" ? "invalid-request" : "dead-letter-not-found", problem.GetProperty("code").GetString());
        }

        Assert.Equal(404, (await new Letter(service, Guid.NewGuid()).Redrive()).Status);
        Assert.Equal(404, (int)(await service.Http.GetAsync($"/ops/dead-letters/{Guid.NewGuid()}", Cancellation)).StatusCode);
        Assert.Equal(404, (await Send(service, HttpMethod.Put, $"/{Guid.NewGuid()}/body", """{"body":"{}"}""")).Status);
        Assert.Equal(1, await DeadLetters("state = 'waiting'"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a very long name, longer than anybody's name can be, so that it cannot be a name, and is refused, as it should be")]
    [InlineData("tab\tbed")]
    public async Task A_name_that_is_none_is_refused(string name)
    {
        var service = await Service().Start();

        var (status, problem) = await Post(service, "/redrives", new { filter = new { } }, name);

        Assert.Equal(400, status);
        Assert.True(problem.GetProperty("errors").TryGetProperty("x-operator", out _));
    }

    [Theory]
    [InlineData("{}", "accountId")]
    [InlineData("""{"accountId":"0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70"}""", "amount")]
    [InlineData("""{"accountId":"0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70","amount":"5"}""", "$.amount")]
    [InlineData("""{"accountId":"0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70","amount":5,"amuont":6}""", "amuont")]
    [InlineData("""{"accountId":"0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70","amount":5,"amount":6}""", "amount")]
    [InlineData("null", "null")]
    [InlineData("{", "$")]
    public async Task A_body_that_does_not_fit_its_contract_is_refused(string body, string tells)
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var letter = await Fail(service, account, 2, new Deposited(account, 3));

        var (status, problem) = await letter.Edit(body);

        Assert.Equal(400, status);
        Assert.Contains(tells, problem.GetProperty("errors").GetProperty("body")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await letter.Read()).GetProperty("originalBody").ValueKind);
    }

    [Fact]
    public async Task An_edited_body_takes_effect_once_redriven_and_the_original_is_kept()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var letter = await Fail(service, account, 2, new Deposited(account, 3));
        Poison.Remove(account);
        var original = (await letter.Read()).GetProperty("body").GetString();

        var body = $$"""{"accountId":"{{account}}","amount":4}""";
        Assert.Equal(200, (await letter.Edit(body, "anna")).Status);
        body = $$"""{"accountId":"{{account}}","amount":5}""";
        Assert.Equal(200, (await letter.Edit(body, "bert", reason: "typo")).Status);

        var edited = await letter.Read();
        Assert.Equal((body, original), (edited.GetProperty("body").GetString(), edited.GetProperty("originalBody").GetString()));
        string?[] before = [original, $$"""{"accountId":"{{account}}","amount":4}"""];
        Assert.Equal(
            before,
            edited.GetProperty("actions").EnumerateArray().Select(edit => edit.GetProperty("details").GetProperty("before").GetString()));
        await letter.Redrive("carl");
        await letter.Becomes("resolved");
        Assert.Equal(5, (await service.Tally(account))!.Total);
        Assert.Equal(["anna edit", "bert edit", "carl redrive", "ledger redriven", "ledger resolved"], await letter.Actions());
        var (status, problem) = await letter.Edit(body);
        Assert.Equal((409, "dead-letter-resolved"), (status, problem.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_large_body_can_be_edited_and_one_without_a_contract_cannot()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        var unknown = await Fail(service, Guid.CreateVersion7(), 1, new Audited(Guid.CreateVersion7()));

        var body = $$"""{"accountId":"{{account}}"{{new string(' ', 1024 * 1024)}}}""";
        Assert.Equal(200, (await letter.Edit(body)).Status);
        var (status, problem) = await unknown.Edit(body);

        Assert.Equal((409, "dead-letter-without-contract"), (status, problem.GetProperty("code").GetString()));

        // What the audit keeps of it is bounded, and says how long it was.
        var next = $$"""{"accountId":"{{account}}"}""";
        Assert.Equal(200, (await Send(service, HttpMethod.Put, $"/{letter.Id}/body", JsonSerializer.Serialize(new { body = next }))).Status);
        var details = (await letter.Read()).GetProperty("actions")[1].GetProperty("details");
        Assert.Equal(
            (body.Length, next.Length),
            (details.GetProperty("lengthBefore").GetInt32(), details.GetProperty("length").GetInt32()));
        Assert.Equal(body[..16_000], details.GetProperty("before").GetString());
    }

    [Fact]
    public async Task A_body_with_NUL_can_be_edited_and_what_it_was_is_kept_as_far_as_text_can_tell()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await Database.Execute($"UPDATE messaging.dead_letters SET body = '\\x4100ff42' WHERE id = '{letter.Id}'");

        var body = $$"""{"accountId":"{{account}}"}""";
        Assert.Equal(200, (await letter.Edit(body)).Status);

        Assert.Equal(
            "A\uFFFD\uFFFDB",
            (await letter.Read()).GetProperty("actions")[0].GetProperty("details").GetProperty("before").GetString());
    }

    [Fact]
    public async Task Groups_say_when_the_first_failed_first_and_the_last_failed_last()
    {
        var service = await Service().Start();
        await Insert(1, 3);
        await Database.Execute(
            """
            UPDATE messaging.dead_letters AS letter SET first_failed_at = first, last_failed_at = last
            FROM (VALUES
                ('poison 1', '2026-01-02Z'::timestamptz, '2026-01-02Z'::timestamptz),
                ('poison 2', '2026-01-01Z', '2026-01-03Z'),
                ('poison 3', '2026-01-02Z', '2026-01-04Z')) AS failures (message, first, last)
            WHERE exception_message = message
            """);

        var group = Assert.Single((await Get(service, "/groups")).GetProperty("items").EnumerateArray());

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), group.GetProperty("oldest").GetDateTimeOffset());
        Assert.Equal(new DateTimeOffset(2026, 1, 4, 0, 0, 0, TimeSpan.Zero), group.GetProperty("newest").GetDateTimeOffset());
    }

    [Fact]
    public async Task Dead_letters_of_a_queue_that_the_service_does_not_have_any_more_are_counted_in_its_status()
    {
        var service = await Service().Start();
        await Insert(1, 3);
        await Insert(4, 2, state: "discarded");
        await Insert(6, 1);
        await Database.Execute("UPDATE messaging.dead_letters SET queue = 'ledger_gone' WHERE exception_message IN ('poison 1', 'poison 4')");
        await Database.Execute("UPDATE messaging.dead_letters SET queue = 'a_first' WHERE exception_message = 'poison 2'");

        var status = await service.Http.GetFromJsonAsync<JsonElement>("/ops/status", Cancellation);

        Assert.Equal(
            ["a_first waiting 1", "ledger waiting 2", "ledger discarded 1", "ledger_gone waiting 1", "ledger_gone discarded 1"],
            status.GetProperty("deadLetters").EnumerateArray().Select(letters =>
                $"{letters.GetProperty("queue").GetString()} {letters.GetProperty("state").GetString()} {letters.GetProperty("count")}"));
    }

    [Fact]
    public async Task An_operator_without_a_name_is_anonymous()
    {
        var service = await Service().Start();
        var letter = await Fail(service, Guid.CreateVersion7());

        await Send(service, HttpMethod.Post, $"/{letter.Id}/redrive", "{}");

        await letter.Becomes("waiting", attempts: 2);
        Assert.Equal("anonymous redrive", (await letter.Actions())[0]);
    }

    [Fact]
    public async Task What_it_offers_is_in_Swagger_under_a_tag_of_its_own()
    {
        var service = await Service().Start();

        var swagger = await service.Http.GetFromJsonAsync<JsonElement>("/swagger/v1/swagger.json", Cancellation);

        var paths = swagger.GetProperty("paths").EnumerateObject()
            .Where(path => path.Name.StartsWith("/ops/dead-letters", StringComparison.Ordinal))
            .ToArray();
        Assert.Equal(10, paths.Length);
        Assert.All(paths.SelectMany(path => path.Value.EnumerateObject()), operation =>
        {
            Assert.Equal("Dead letters", operation.Value.GetProperty("tags")[0].GetString());
            Assert.True(operation.Value.GetProperty("summary").GetString()!.Length > 10);
        });
    }
}
