using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>Files in a stand-in for an S3-compatible store.</summary>
public sealed class S3ArchiveStoreTests : IAsyncLifetime
{
    private S3StandIn store = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => store = await S3StandIn.Start();

    public ValueTask DisposeAsync() => store.DisposeAsync();

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
        Assert.Equal(2, store.PartsOf(Assert.Single(store.Objects.Keys)));
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
            throw new Npgsql.NpgsqlException("The database is unavailable.");
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

    private ArchiveOptions Options() => new()
    {
        ServiceUrl = store.Url,
        Bucket = "bucket",
        Prefix = "archives/",
        AccessKey = S3StandIn.AccessKey,
        SecretKey = "secret",
    };
}
