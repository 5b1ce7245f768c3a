using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging.Tests;

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
    public async Task What_is_over_is_archived_read_back_and_dropped()
    {
        var ledger = await StartOnS3();
        await OpenAndClose(ledger);
        await LetItEnd(ledger);
        var first = await Log();
        await Run(ledger);
        await OpenAndClose(ledger);
        await LetItEnd(ledger);
        var second = await Log();
        await Run(ledger);

        Assert.Empty(await Log());
        Assert.Equal(4, store.Objects.Count);
        Assert.All(store.Objects.Keys, key => Assert.StartsWith("archives/ledger/event_log_", key, StringComparison.Ordinal));
        var archived = await ledger.Services.GetRequiredService<ArchiveReader>()
            .Read(new ArchiveFilter(), Cancellation)
            .ToListAsync(Cancellation);
        Assert.Equal(Texts([.. first, .. second]), Texts(archived));
    }

    [Fact]
    public async Task What_the_store_has_garbled_is_noticed_and_nothing_dropped()
    {
        var ledger = await StartOnS3();
        await OpenAndClose(ledger);
        await LetItEnd(ledger);
        var all = await Log();
        store.Keep = content =>
        {
            content[content.Length / 2] ^= 1;
            store.Keep = whole => whole;
            return content;
        };

        var exception = await Assert.ThrowsAsync<ArchiveException>(() => Run(ledger));

        Assert.Contains("damaged", exception.Message, StringComparison.Ordinal);
        Assert.Equal(Texts(all), Texts(await Log()));
        await Run(ledger);
        Assert.Empty(await Log());
        Assert.Equal(2, store.Objects.Count);
    }

    [Fact]
    public async Task A_store_that_refuses_is_noticed_and_nothing_dropped()
    {
        var ledger = await StartOnS3(("Messaging:Retention:Archive:AccessKey", "somebody"));
        await OpenAndClose(ledger);
        await LetItEnd(ledger);
        var all = await Log();

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(() => Run(ledger));

        Assert.Equal(Texts(all), Texts(await Log()));
        Assert.Empty(store.Objects);
    }

    [Fact]
    public async Task A_large_file_goes_in_parts()
    {
        using var archive = new S3Archive(Options(), "ledger");
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

    private ArchiveOptions Options() => new()
    {
        ServiceUrl = store.Url,
        Bucket = "bucket",
        Prefix = "archives/",
        AccessKey = S3StandIn.AccessKey,
        SecretKey = "secret",
    };

    private Task<LedgerHost> StartOnS3(params (string Key, string Value)[] settings) => Start(
    [
        ("Messaging:Retention:Archive:Directory", ""),
        ("Messaging:Retention:Archive:ServiceUrl", store.Url.ToString()),
        ("Messaging:Retention:Archive:Bucket", "bucket"),
        ("Messaging:Retention:Archive:Prefix", "archives/"),
        ("Messaging:Retention:Archive:SecretKey", "secret"),
        .. settings.DefaultIfEmpty(("Messaging:Retention:Archive:AccessKey", S3StandIn.AccessKey)),
    ]);
}
