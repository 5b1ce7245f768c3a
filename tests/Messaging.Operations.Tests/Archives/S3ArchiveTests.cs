using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Operations.Tests.Retention;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>The same as with a directory, on a stand-in for an S3-compatible store.</summary>
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
    public async Task A_garbled_archive_is_noticed_and_nothing_is_dropped()
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
    public async Task A_store_that_refuses_is_noticed_and_nothing_dropped()
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

    [Fact]
    public async Task A_large_file_goes_in_parts()
    {
        using var archive = new S3ArchiveStore(Options(), "ledger");
        var content = new byte[20_000_000];
        Random.Shared.NextBytes(content);

        await archive.Write("large", stream => stream.WriteAsync(content, Cancellation).AsTask(), Cancellation);

        await using var stored = await archive.Open("large", Cancellation);
        using var read = new MemoryStream();
        await stored.CopyToAsync(read, Cancellation);
        Assert.True(content.AsSpan().SequenceEqual(read.ToArray()));
        Assert.Equal(["large"], await archive.List(Cancellation));
        await archive.Delete("large", Cancellation);
        await Assert.ThrowsAsync<FileNotFoundException>(() => archive.Open("large", Cancellation));
    }

    [Fact]
    public async Task An_unfinished_archive_is_not_kept_and_the_reason_is_given()
    {
        using var archive = new S3ArchiveStore(Options(), "ledger");

        async Task Write(Stream stream)
        {
            await stream.WriteAsync(new byte[20_000_000], Cancellation);
            throw new Npgsql.NpgsqlException("The database is away.");
        }

        await Assert.ThrowsAsync<Npgsql.NpgsqlException>(() => archive.Write("half", Write, Cancellation));
        Assert.Empty(store.Objects);
    }

    [Fact]
    public async Task A_store_that_refuses_ends_the_writing_early()
    {
        using var archive = new S3ArchiveStore(Options(), "ledger");
        store.Refuses = true;

        async Task Write(Stream stream)
        {
            while (true)
                await stream.WriteAsync(new byte[1_000_000], Cancellation);
        }

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(() => archive.Write("endless", Write, Cancellation));
    }

    [Fact]
    public async Task While_the_store_refuses_a_replay_says_so_others_go_on_and_it_does_so_later()
    {
        const string Replays = "/ops/replays";
        var keeper = await ServiceOnS3().Start();
        await OpenAndClose(keeper);
        await LetItEnd(keeper);
        await Run(keeper);
        await Stop(keeper);
        var service = await ServiceWithoutRetention().WithHttp().WithHandlers(Learn.AddTo).With(OnS3).Start();
        await IsConsumed(Learn.Queue);
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await connection.Execute("SELECT pg_advisory_lock(hashtextextended('orderplatform replays', 0))", Cancellation);
        var archived = await service.StartJob(Replays, new { queue = Learn.Queue, source = "archive" });
        var other = await service.StartJob(Replays, new { queue = Learn.Queue });
        store.Refuses = true;

        using var refused = await service.Http.PostAsJsonAsync(Replays, new { queue = Learn.Queue, source = "archive" }, Cancellation);
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

    private ArchiveOptions Options() => new()
    {
        ServiceUrl = store.Url,
        Bucket = "bucket",
        Prefix = "archives/",
        AccessKey = S3StandIn.AccessKey,
        SecretKey = "secret",
    };

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
