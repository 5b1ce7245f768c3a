using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>Requests about single dead letters, and those that are refused.</summary>
public sealed class DeadLetterApiTests(SharedSampleService shared) : DeadLetterTest(shared), IClassFixture<SharedSampleService>
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
    public async Task Malformed_queries_are_refused_and_the_parameter_is_named(string path, string field)
    {
        var service = await SharedService();

        using var response = await service.Http.GetAsync($"/ops/dead-letters{path}", Cancellation);

        Assert.Equal(400, (int)response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal("invalid-request", problem.GetProperty("code").GetString());
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task Malformed_requests_are_refused_and_the_field_is_named()
    {
        var service = await SharedService();
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
            // A redrive has no field for followers.
            Assert.Equal(action == "redrive" ? 400 : 404, status);
            Assert.Equal(action == "redrive" ? "invalid-request" : "dead-letter-not-found", problem.GetProperty("code").GetString());
        }

        Assert.Equal(404, (await new Letter(service, Guid.NewGuid()).Redrive()).Status);
        Assert.Equal(404, (int)(await service.Http.GetAsync($"/ops/dead-letters/{Guid.NewGuid()}", Cancellation)).StatusCode);
        Assert.Equal(404, (await Send(service, HttpMethod.Put, $"/{Guid.NewGuid()}/body", """{"body":"{}"}""")).Status);
        Assert.Equal("waiting", await letter.State());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a very long name, longer than anybody's name can be, so that it cannot be a name, and is refused, as it should be")]
    [InlineData("tab\tbed")]
    public async Task An_invalid_operator_name_is_refused(string name)
    {
        var service = await SharedService();

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
    public async Task A_body_that_does_not_fit_its_contract_is_refused(string body, string named)
    {
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));
        var letter = await Fail(service, account, 2, new Deposited(account, 3));

        var (status, problem) = await letter.Edit(body);

        Assert.Equal(400, status);
        Assert.Contains(named, problem.GetProperty("errors").GetProperty("body")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await letter.Read()).GetProperty("originalBody").ValueKind);
    }

    [Fact]
    public async Task An_edited_body_takes_effect_once_redriven_and_the_original_is_kept()
    {
        var service = await SharedService();
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
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        var unknown = await Fail(service, Guid.CreateVersion7(), 1, new Audited(Guid.CreateVersion7()));

        var body = $$"""{"accountId":"{{account}}"{{new string(' ', 1024 * 1024)}}}""";
        Assert.Equal(200, (await letter.Edit(body)).Status);
        var (status, problem) = await unknown.Edit(body);

        Assert.Equal((409, "dead-letter-without-contract"), (status, problem.GetProperty("code").GetString()));

        // The audit keeps a bounded part of the body, and its whole length.
        var next = $$"""{"accountId":"{{account}}"}""";
        Assert.Equal(200, (await letter.Edit(next)).Status);
        var details = (await letter.Read()).GetProperty("actions")[1].GetProperty("details");
        Assert.Equal(
            (body.Length, next.Length),
            (details.GetProperty("lengthBefore").GetInt32(), details.GetProperty("length").GetInt32()));
        Assert.Equal(body[..16_000], details.GetProperty("before").GetString());
    }

    [Fact]
    public async Task A_body_with_NUL_can_be_edited_and_its_audit_has_replacement_characters()
    {
        var service = await SharedService();
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
    public async Task An_operator_without_a_name_is_anonymous()
    {
        var service = await SharedService();
        var letter = await Fail(service, Guid.CreateVersion7());

        await Send(service, HttpMethod.Post, $"/{letter.Id}/redrive", "{}");

        await letter.Becomes("waiting", attempts: 2);
        Assert.Equal("anonymous redrive", (await letter.Actions())[0]);
    }

    [Fact]
    public async Task Every_operation_is_in_Swagger_under_its_own_tag()
    {
        var service = await SharedService();

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
