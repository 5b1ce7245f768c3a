using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>A service with past events, and replays of them.</summary>
public abstract class ReplayTest(SharedSampleService? shared = null) : SampleServiceTest(shared)
{
    protected const string Replays = "/ops/replays";

    protected override SampleServiceBuilder Service() => base.Service().WithHttp();

    /// <summary>Accounts with four events each, all handled by an instance that is stopped now.</summary>
    protected async Task<Guid[]> Past(int accounts)
    {
        var service = await Service().Start();
        var past = await Past(service, accounts);
        await Eventually.Is(async () => await Inbox("ledger") == 4 * accounts);
        // Otherwise the relay of the next instance publishes the last of them again, also to queues that are declared later.
        await Eventually.Is(async () => await Database.Scalar<bool>(
            "SELECT position = (SELECT max(position) FROM messaging.event_log) FROM messaging.relay_cursor"));
        await Stop(service);
        return past;
    }

    protected static async Task<Guid[]> Past(SampleHost service, int accounts)
    {
        var ids = Enumerable.Range(0, accounts).Select(_ => Guid.CreateVersion7()).ToArray();
        await Past(service, ids);
        return ids;
    }

    protected static async Task Past(SampleHost service, Guid[] accounts)
    {
        await Task.WhenAll(accounts.Select(service.Open));
        for (var amount = 1; amount <= 3; amount++)
            await Task.WhenAll(accounts.Select(account => service.Deposit(account, amount)));
    }

    protected static async Task<JsonElement> Completes(SampleHost service, object request) =>
        await service.JobBecomes(await service.StartJob(Replays, request), "completed");

    protected static async Task<long> Sent(SampleHost service, object request) => Number(await Completes(service, request), "sent");

    protected static string[] Types(params string[] names) => names;

    protected static long Number(JsonElement job, string property) =>
        job.GetProperty(property) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : -1;

    protected static async Task<JsonElement> Change(SampleHost service, string job, string action)
    {
        using var response = await service.Http.PostAsync($"{job}/{action}", null, Cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
    }

    /// <summary>The job after its runner has stopped and released its lock.</summary>
    protected async Task<JsonElement> SettledAt(SampleHost service, string job)
    {
        await Eventually.Is(async () => await Database.Scalar<long>(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended('orderplatform replays', 0)
            """) == 0);
        return await service.Job(job);
    }

    protected static Task Consumed(SampleHost service, int accounts, string history) => Eventually.Is(
        async () => await service.Query(db => db.AccountHistories.CountAsync(account => account.Events.StartsWith(history))) == accounts,
        description: $"{accounts} consumed {history}");

    protected Task<long> Inbox(string queue) => Database.Scalar<long>($"SELECT count(*) FROM messaging.inbox WHERE queue = '{queue}'");
}
