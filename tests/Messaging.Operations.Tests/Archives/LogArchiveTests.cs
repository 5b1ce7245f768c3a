using Microsoft.Extensions.Logging.Abstractions;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Pacing;
using OrderPlatform.Messaging.Operations.Retention;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>An archive in a directory, without a log.</summary>
public sealed class LogArchiveTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("archive");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task Files_that_overlap_are_read_as_one()
    {
        var clock = new MovableClock();
        var store = new DirectoryArchiveStore(directory.FullName);
        var topology = new MessagingTopology(
            "ledger", new EventTypes(), new Dictionary<string, IReadOnlyDictionary<string, HandlerBinding>>());
        var metrics = new RetentionMetrics(Prometheus.Metrics.WithCustomRegistry(Prometheus.Metrics.NewCustomRegistry()), clock);
        var progress = new RetentionProgress(metrics, NullLogger<RetentionProgress>.Instance);
        var archive = new LogArchive(store, topology, progress, new BackgroundThrottle(share: 1, TimeProvider.System), clock);
        long[][] files = [[1, 4, 9], [2, 3, 10], [5, 8], [5, 8], [6, 7]];
        foreach (var (week, positions) in files.Index())
        {
            await archive.Write(
                new Partition("event_log", $"event_log_{week}", clock.GetUtcNow(), clock.GetUtcNow()),
                positions.Select(Event).ToAsyncEnumerable(),
                TestContext.Current.CancellationToken);
        }

        Assert.Equal(Enumerable.Range(1, 10).Select(n => (long)n), await Positions(new ArchiveFilter()));
        Assert.Equal([8, 9, 10], await Positions(new ArchiveFilter(After: 7)));

        LogEntry Event(long position) => new(position, new EventEnvelope(
            Guid.CreateVersion7(), "type", "stream", 1, Guid.Empty, null, clock.GetUtcNow(), null, "{}"u8.ToArray()));

        async Task<IEnumerable<long>> Positions(ArchiveFilter filter) =>
            (await new ArchiveReader(store).Read(filter, TestContext.Current.CancellationToken).ToListAsync()).Select(e => e.Position);
    }
}
