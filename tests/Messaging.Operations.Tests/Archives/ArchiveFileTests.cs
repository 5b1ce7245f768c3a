using System.Text;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

public sealed class ArchiveFileTests
{
    private readonly MemoryStore store = new();

    [Fact]
    public async Task Events_come_back_as_they_were()
    {
        LogEntry[] events = [Event(1, "{}"), Event(7, """{"text":"é\n"}""", Guid.NewGuid(), "00-0af7-b7ad-01")];
        await Write("a.jsonl.gz", events);

        var read = await ArchiveFile.Read(store, "a.jsonl.gz", TestContext.Current.CancellationToken).ToListAsync();

        Assert.Equal(events.Select(Text), read.Select(Text));
    }

    [Fact]
    public async Task Each_event_is_one_line_whatever_its_body() => Assert.Single(
        await (await Lines(Event(1, "{\n  \"text\": \"a\"\n}"))).ToListAsync());

    [Fact]
    public async Task A_complete_file_matches_its_manifest()
    {
        var manifest = Manifest("a.jsonl.gz", await Write("a.jsonl.gz", Event(1, "{}")));

        await ArchiveFile.Verify(store, manifest, _ => Task.CompletedTask, TestContext.Current.CancellationToken);
        await ArchiveFile.CheckBytes(store, manifest, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(20)]
    [InlineData(30)]
    public async Task Any_damage_is_noticed(int at)
    {
        var manifest = Manifest("a.jsonl.gz", await Write("a.jsonl.gz", Event(1, "{}")));
        var file = store.Files["a.jsonl.gz"];
        if (at < 0)
            store.Files["a.jsonl.gz"] = [.. file, 0];
        else
            file[at] ^= 1;

        await Assert.ThrowsAsync<ArchiveException>(
            () => ArchiveFile.Verify(store, manifest, _ => Task.CompletedTask, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArchiveException>(
            () => ArchiveFile.CheckBytes(store, manifest, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_manifest_has_the_name_of_its_file_and_comes_back_as_it_was()
    {
        var manifest = Manifest("event_log_20260105-0a1b2c3d.jsonl.gz", new ArchiveChecksums(1, "file", "lines"));
        Assert.Equal("event_log_20260105-0a1b2c3d.manifest.json", manifest.Name);
        store.Files[manifest.Name] = manifest.ToBytes();

        Assert.Equal(manifest, await ArchiveManifest.Read(store, manifest.Name, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"service\":")]
    public async Task A_damaged_manifest_is_named(string content)
    {
        store.Files["a.manifest.json"] = Encoding.UTF8.GetBytes(content);

        var exception = await Assert.ThrowsAsync<ArchiveException>(
            () => ArchiveManifest.Read(store, "a.manifest.json", TestContext.Current.CancellationToken));

        Assert.Contains("a.manifest.json", exception.Message, StringComparison.Ordinal);
    }

    private static LogEntry Event(long position, string body, Guid? cause = null, string? trace = null) => new(position, new EventEnvelope(
        Guid.NewGuid(), "Ledger:Opened", "stream", 1, Guid.NewGuid(), cause, DateTimeOffset.UtcNow, trace, Encoding.UTF8.GetBytes(body)));

    private static string Text(LogEntry e) =>
        $"{e.Position} {e.Event with { Body = default }} {Encoding.UTF8.GetString(e.Event.Body.Span)}";

    private static ArchiveManifest Manifest(string file, ArchiveChecksums checksums) => new(
        "ledger", "event_log_20260105", default, default, file, 1, 1, 1, Guid.Empty, default, default, checksums.Bytes, checksums.Sha256,
        checksums.ContentSha256, default);

    private async Task<ArchiveChecksums> Write(string name, params LogEntry[] events)
    {
        using var file = new MemoryStream();
        var checksums = await ArchiveFile.Write(file, events.ToAsyncEnumerable(), TestContext.Current.CancellationToken);
        store.Files[name] = file.ToArray();
        return checksums;
    }

    private async Task<IAsyncEnumerable<LogEntry>> Lines(LogEntry @event)
    {
        await Write("lines", @event);
        return ArchiveFile.Read(store, "lines", TestContext.Current.CancellationToken);
    }

    private sealed class MemoryStore : IArchiveStore
    {
        public Dictionary<string, byte[]> Files { get; } = [];

        public Task<Stream> Open(string name, CancellationToken cancellationToken) =>
            Task.FromResult<Stream>(new MemoryStream(Files[name]));

        public Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<string>> List(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task Delete(string name, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
