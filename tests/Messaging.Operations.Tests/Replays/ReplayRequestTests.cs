using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>Requests for replays that are refused, only counted, or cannot be fulfilled.</summary>
public sealed class ReplayRequestTests(SharedSampleService shared) : ReplayTest(shared), IClassFixture<SharedSampleService>
{
    [Theory]
    [InlineData("""{"queue":""}""", "queue")]
    [InlineData("""{"queue":"what a queue"}""", "queue")]
    [InlineData("""{"queue":"ledger","from":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"queue":"ledger","types":["Lost"]}""", "types")]
    [InlineData("""{"queue":"ledger","types":["Audited"]}""", "types")]
    [InlineData("""{"queue":"ledger","types":[]}""", "types")]
    [InlineData("""{"queue":"ledger","streams":[]}""", "streams")]
    [InlineData("""{"queue":"ledger","streams":[""]}""", "streams")]
    [InlineData("""{"queue":"ledger","streams":["\u0000"]}""", "streams")]
    [InlineData("""{"queue":"ledger","perSecond":0}""", "perSecond")]
    [InlineData("""{"queue":"ledger","source":"memory"}""", "source")]
    [InlineData("""{"queue":"ledger","source":"archive"}""", "source")]
    public async Task Refuses_invalid_requests_and_names_the_field(string request, string field)
    {
        var service = await SharedService();

        using var body = new StringContent(request, System.Text.Encoding.UTF8, "application/json");
        var response = await service.Http.PostAsync(Replays, body, Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Theory]
    [InlineData("nowhere", null, "There is no queue 'nowhere'")]
    [InlineData("ledger", "Closed", "'ledger' does not take Closed")]
    [InlineData("ledger_idle", null, "'ledger_idle' takes none of this service's events")]
    public async Task Fails_and_gives_the_reason_when_the_queue_takes_none_of_the_events(string queue, string? type, string reason)
    {
        var service = await SharedService();
        var account = (await Past(service, 1))[0];
        await service.Append(account, new Closed(account));
        await IsConsumed("ledger");
        await Bind("ledger_idle", "amq.fanout");
        await OnChannel(async channel =>
        {
            await channel.ExchangeUnbindAsync(
                "ledger", "OrderPlatform.Messaging.Testing:replay", "ledger:Closed", cancellationToken: Cancellation);
            return true;
        });

        var job = await service.StartJob(Replays, new { queue, types = type is null ? null : Types(type) });

        JsonElement replay = default;
        await Eventually.Is(async () => (replay = await service.Job(job)).GetProperty("state").GetString() == "failed");
        Assert.Contains(reason, replay.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(JsonValueKind.Null, replay.GetProperty("endedAt").ValueKind);
    }

    [Fact]
    public async Task A_dry_run_counts_the_events_and_starts_no_replay()
    {
        var service = await SharedService();
        var accounts = await Past(service, 3);

        var response = await service.Http.PostAsJsonAsync(
            Replays, new { queue = "ledger", streams = accounts[..2], dryRun = true }, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(8, Number(await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation), "events"));
        Assert.Equal(0, await Database.Scalar<long>($"SELECT count(*) FROM messaging.replays WHERE '{accounts[0]}' = ANY (streams)"));
    }
}
