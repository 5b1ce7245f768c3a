using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Messaging.Operations.Tests.Retention;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

public sealed class ArchiveReplayTests : RetentionTest
{
    private const string Replays = "/ops/replays";

    [Fact]
    public async Task A_new_consumer_learns_events_from_the_archive_that_have_left_the_log()
    {
        var accounts = await AccountsThatAreArchived(5);
        var service = await StartWithArchive();

        var replay = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, source = "archive" });
        var completed = await service.JobBecomes(replay, "completed");

        Assert.Equal((15, 15), (Number(completed, "sent"), Number(completed, "total")));
        await Consumed(service, accounts, "opened 5 closed");
    }

    [Fact]
    public async Task Only_requested_events_are_sent_from_an_archive()
    {
        var accounts = await AccountsThatAreArchived(5);
        var service = await StartWithArchive();

        async Task<long> Sent(object request) =>
            Number(await service.JobBecomes(await service.StartJob(Replays, request), "completed"), "sent");

        Assert.Equal(5, await Sent(new { queue = SecondConsumer.Queue, source = "archive", types = Types }));
        Assert.Equal(3, await Sent(new { queue = SecondConsumer.Queue, source = "archive", streams = accounts[..1] }));
        Assert.Equal(0, await Sent(new { queue = SecondConsumer.Queue, source = "archive", until = DateTimeOffset.UtcNow.AddDays(-1) }));
    }

    [Fact]
    public async Task A_replay_from_a_damaged_archive_fails_and_names_the_file()
    {
        await AccountsThatAreArchived(5);
        var file = Directory.GetFiles("*.jsonl.gz", SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(file.FullName, Cancellation);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(file.FullName, bytes, Cancellation);
        var service = await StartWithArchive();

        var replay = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, source = "archive" });

        JsonElement job = default;
        await Eventually.Is(async () => (job = await service.Job(replay)).GetProperty("state").GetString() == "failed");
        Assert.Contains(file.Name, job.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, Number(job, "sent"));
    }

    /// <summary>First a replay of the log, then one of the archive.</summary>
    [Fact]
    public async Task Two_replays_send_every_event_even_if_retention_archives_some_during_the_first()
    {
        var accounts = new Guid[4];
        var first = await Service().Start();
        for (var i = 0; i < accounts.Length; i++)
            accounts[i] = await OpenAndClose(first);
        await LetItEnd(first);
        await Stop(first);
        var service = await StartWithArchive();
        var log = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, perSecond = 1 });
        await Eventually.Is(async () => Number(await service.Job(log), "sent") > 0);
        using (await service.Http.PostAsync($"{log}/pause", content: null, Cancellation))
            await service.JobBecomes(log, "paused");
        await Service().Start();
        await Eventually.Is(async () => await Count("event_log") == 0);

        using (await service.Http.PostAsync($"{log}/resume", content: null, Cancellation))
        {
            var failed = await service.JobBecomes(log, "failed");
            Assert.Contains("left the log", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        }

        await service.JobBecomes(await service.StartJob(Replays, new { queue = SecondConsumer.Queue, source = "archive" }), "completed");

        await Consumed(service, accounts, "opened 5 closed");
    }

    [Fact]
    public async Task A_replay_of_the_log_says_that_older_events_are_in_the_archive()
    {
        await AccountsThatAreArchived(1);
        var service = await StartWithArchive();
        var whole = await Database.Scalar<DateTime>("SELECT until FROM messaging.partitions('event_log') LIMIT 1");

        Assert.Contains("archive", await Missing(new { queue = SecondConsumer.Queue, dryRun = true }), StringComparison.Ordinal);
        Assert.Contains(
            $"{whole:u}",
            await Missing(new { queue = SecondConsumer.Queue, dryRun = true, from = whole.AddDays(-1) }),
            StringComparison.Ordinal);
        Assert.Null(await Missing(new { queue = SecondConsumer.Queue, dryRun = true, from = whole }));
        Assert.Null(await Missing(new { queue = SecondConsumer.Queue, dryRun = true, source = "archive" }));
        var replay = await service.JobBecomes(await service.StartJob(Replays, new { queue = SecondConsumer.Queue }), "completed");
        Assert.Contains("archive", replay.GetProperty("missing").GetString(), StringComparison.Ordinal);

        async Task<string?> Missing(object request)
        {
            using var answer = await service.Http.PostAsJsonAsync(Replays, request, Cancellation);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("missing").GetString();
        }
    }

    private static readonly string[] Types = ["Opened"];

    private static long Number(JsonElement job, string property) => job.GetProperty(property).GetInt64();

    /// <summary>Accounts whose events are in the archive only; each was opened, got 5, and was closed.</summary>
    private async Task<Guid[]> AccountsThatAreArchived(int count)
    {
        var service = await Service().Start();
        var closed = new Guid[count];
        for (var i = 0; i < count; i++)
            closed[i] = await OpenAndClose(service);
        await LetItEnd(service);
        await Run(service);
        Assert.Empty(await Log());
        await Stop(service);
        return closed;
    }

    private static async Task Consumed(SampleHost service, Guid[] accounts, string history)
    {
        foreach (var account in accounts)
        {
            await Eventually.Is(
                async () => (await service.Query(db => db.AccountHistories.FindAsync(account).AsTask()))?.Events == history);
        }
    }

    private async Task<SampleHost> StartWithArchive()
    {
        var service = await ServiceWithoutRetention().WithHttp()
            .WithHandlers(SecondConsumer.AddTo)
            .With("Messaging:Retention:Archive:Directory", Directory.FullName)
            .With("Messaging:Replays:BatchSize", "4")
            .Start();
        await IsConsumed(SecondConsumer.Queue);
        return service;
    }
}
