using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Operations.Tests.Retention;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>Retention and replays with an archive in a stand-in for an S3-compatible store.</summary>
public sealed class S3ArchiveTests : RetentionTest
{
    private S3StandIn store = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        store = await S3StandIn.Start();
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Ended_partitions_are_archived_read_back_and_dropped()
    {
        var service = await ServiceOnS3().Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        var first = await Log();
        await Run(service);
        await OpenAndClose(service);
        await LetItEnd(service);
        var second = await Log();
        await Run(service);

        Assert.Empty(await Log());
        Assert.Equal(4, store.Objects.Count);
        Assert.All(store.Objects.Keys, key => Assert.StartsWith("archives/ledger/event_log_", key, StringComparison.Ordinal));
        var archived = await service.Services.GetRequiredService<ArchiveReader>()
            .Read(new ArchiveFilter(), Cancellation)
            .ToListAsync(Cancellation);
        Assert.Equal(Texts([.. first, .. second]), Texts(archived));
    }

    [Fact]
    public async Task A_damaged_archive_is_detected_and_the_log_stays()
    {
        var service = await ServiceOnS3().Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        var all = await Log();
        store.Keep = content =>
        {
            content[content.Length / 2] ^= 1;
            store.Keep = whole => whole;
            return content;
        };

        var exception = await Assert.ThrowsAsync<ArchiveException>(() => Run(service));

        Assert.Contains("damaged", exception.Message, StringComparison.Ordinal);
        Assert.Equal(Texts(all), Texts(await Log()));
        await Run(service);
        Assert.Empty(await Log());
        Assert.Equal(2, store.Objects.Count);
    }

    [Fact]
    public async Task A_store_that_refuses_is_named_and_the_log_stays()
    {
        var service = await ServiceOnS3().With("Messaging:Retention:Archive:AccessKey", "somebody").Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        var all = await Log();

        var exception = await Assert.ThrowsAsync<ArchiveUnavailableException>(() => Run(service));

        Assert.Contains(store.Url.ToString(), exception.Message, StringComparison.Ordinal);
        Assert.Equal(Texts(all), Texts(await Log()));
        Assert.Empty(store.Objects);
    }

    [LongFact]
    public async Task While_the_store_refuses_a_replay_waits_with_the_reason_and_others_continue()
    {
        const string Replays = "/ops/replays";
        var keeper = await ServiceOnS3().Start();
        await OpenAndClose(keeper);
        await LetItEnd(keeper);
        await Run(keeper);
        await Stop(keeper);
        var service = await ServiceWithoutRetention().WithHttp().WithHandlers(SecondConsumer.AddTo).With(OnS3).Start();
        await IsConsumed(SecondConsumer.Queue);
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await connection.Execute("SELECT pg_advisory_lock(hashtextextended('orderplatform replays', 0))", Cancellation);
        var archived = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, source = "archive" });
        var other = await service.StartJob(Replays, new { queue = SecondConsumer.Queue });
        store.Refuses = true;

        using var refused = await service.Http.PostAsJsonAsync(
            Replays, new { queue = SecondConsumer.Queue, source = "archive" }, Cancellation);
        await connection.Execute("SELECT pg_advisory_unlock_all()", Cancellation);
        await service.JobBecomes(other, "completed");
        var waiting = await service.JobBecomes(archived, "running");
        store.Refuses = false;
        var completed = await service.JobBecomes(archived, "completed");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal("archive-unavailable", problem.GetProperty("code").GetString());
        Assert.Contains(store.Url.ToString(), problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(store.Url.ToString(), waiting.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, completed.GetProperty("sent").GetInt64());
        Assert.Equal(JsonValueKind.Null, completed.GetProperty("error").ValueKind);
    }

    private (string Key, string Value)[] OnS3 =>
    [
        ("Messaging:Retention:Archive:Directory", ""),
        ("Messaging:Retention:Archive:ServiceUrl", store.Url.ToString()),
        ("Messaging:Retention:Archive:Bucket", "bucket"),
        ("Messaging:Retention:Archive:Prefix", "archives/"),
        ("Messaging:Retention:Archive:AccessKey", S3StandIn.AccessKey),
        ("Messaging:Retention:Archive:SecretKey", "secret"),
    ];

    private SampleServiceBuilder ServiceOnS3() => Service().With(OnS3);
}
