using System.Runtime.CompilerServices;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Pacing;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>Writes the archives of this service.</summary>
internal sealed class LogArchive(
    IArchiveStore store, MessagingTopology topology, RetentionProgress progress, BackgroundThrottle throttle, TimeProvider clock)
{
    /// <summary>Events that are looked up in the log at once.</summary>
    private const int ChunkSize = 1000;

    /// <summary>
    /// Archives the events of a partition, and reads them back. Each attempt has its own file name: an abandoned attempt that still
    /// continues unnoticed does no harm.
    /// </summary>
    /// <param name="partition">The partition that will be dropped.</param>
    /// <param name="events">The events, in order of position.</param>
    /// <param name="cancellationToken">Stops; the next run starts again.</param>
    /// <returns>What was archived; null when there were no events.</returns>
    /// <exception cref="ArchiveException">The archive does not match what was written.</exception>
    public async Task<ArchiveManifest?> Write(Partition partition, IAsyncEnumerable<LogEntry> events, CancellationToken cancellationToken)
    {
        await using var some = events.GetAsyncEnumerator(cancellationToken);
        if (!await some.MoveNextAsync())
            return null;

        var summary = new Summary(some.Current);
        var file = $"{partition.Name}-{Guid.NewGuid().ToString()[..8]}{ArchiveFile.Suffix}";
        ArchiveChecksums? checksums = null;
        await store.Write(
            file, async stream => checksums = await ArchiveFile.Write(stream, summary.Of(some, cancellationToken), cancellationToken), cancellationToken);
        var manifest = new ArchiveManifest(
            topology.Service,
            partition.Name,
            partition.Since,
            partition.Until,
            file,
            summary.Events,
            summary.First.Position,
            summary.LastPosition,
            summary.First.Event.EventId,
            summary.FirstOccurredAt,
            summary.LastOccurredAt,
            checksums!.Bytes,
            checksums.Sha256,
            checksums.ContentSha256,
            clock.GetUtcNow());
        try
        {
            await store.Write(manifest.Name, stream => stream.WriteAsync(manifest.ToBytes(), cancellationToken).AsTask(), cancellationToken);
            await Verify(manifest, cancellationToken);
        }
        catch
        {
            // Without its manifest, the file does not count as an archive.
            await store.Delete(manifest.Name, CancellationToken.None);
            throw;
        }

        return manifest;
    }

    /// <summary>
    /// Deletes the files that earlier attempts left for a partition that still exists, if the log has all of their events.
    /// </summary>
    /// <param name="lacks">Returns the first of some events that the log does not have; null if it has them all.</param>
    /// <param name="cancellationToken">Stops; the next run starts again.</param>
    /// <exception cref="ArchiveException">The log lacks events of a file, or the file cannot be read: it stays.</exception>
    public async Task RemoveAttempts(
        Partition partition, Func<IReadOnlyList<ArchivedKey>, Task<ArchivedKey?>> lacks, CancellationToken cancellationToken)
    {
        var left = (await store.List(cancellationToken))
            .Where(name => name.StartsWith($"{partition.Name}-", StringComparison.Ordinal))
            .ToArray();
        foreach (var name in left.Where(name => name.EndsWith(ArchiveManifest.Suffix, StringComparison.Ordinal)))
        {
            var manifest = await ArchiveManifest.Read(store, name, cancellationToken);
            await CheckLogHas(manifest, lacks, cancellationToken);
            await store.Delete(name, cancellationToken);
        }

        foreach (var name in left)
            await store.Delete(name, cancellationToken);
    }

    /// <summary>
    /// Checks every event, not just the first and the last: a log that was restored from an older backup may have lost events in between
    /// and given their positions to others since.
    /// </summary>
    private async Task CheckLogHas(
        ArchiveManifest manifest, Func<IReadOnlyList<ArchivedKey>, Task<ArchivedKey?>> lacks, CancellationToken cancellationToken)
    {
        await Check([new ArchivedKey(manifest.FirstPosition, manifest.FirstEventId)]);
        await ArchiveFile.CheckBytes(store, manifest, cancellationToken);
        var keys = ArchiveFile.Read(store, manifest.File, cancellationToken).Select(e => new ArchivedKey(e.Position, e.Event.EventId));
        var turn = throttle.Begin();
        await foreach (var some in keys.Chunk(ChunkSize).WithCancellation(cancellationToken))
        {
            await Check(some);
            progress.Made(manifest.Partition, $"{manifest.File} checked up to position {some[^1].Position}");
            await turn.Rest(cancellationToken);
            turn = throttle.Begin();
        }

        async Task Check(ArchivedKey[] events)
        {
            if (await lacks(events) is not { } lost)
                return;
            throw new ArchiveException(
                $"The archive already has {manifest.File}, but this log lacks some of its events, such as {lost.EventId} at position "
                + $"{lost.Position}: the file belongs to another log, or this log was restored from an older backup. The file may be the "
                + "only copy of them, so it stays: set another Messaging:Retention:Archive for this log, and keep this one.");
        }
    }

    private async Task Verify(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        if (await ArchiveManifest.Read(store, manifest.Name, cancellationToken) != manifest)
            throw new ArchiveException($"The manifest {manifest.Name} is not what was written.");
        var turn = throttle.Begin();
        await ArchiveFile.Verify(
            store,
            manifest,
            async bytes =>
            {
                progress.Made(manifest.Partition, $"{bytes} bytes read back");
                await turn.Rest(cancellationToken);
                turn = throttle.Begin();
            },
            cancellationToken);
    }

    /// <summary>Collects the manifest's figures while the events are written.</summary>
    private sealed class Summary(LogEntry first)
    {
        public LogEntry First => first;

        public long Events { get; private set; }

        public long LastPosition { get; private set; }

        public DateTimeOffset FirstOccurredAt { get; private set; } = first.Event.OccurredAt;

        public DateTimeOffset LastOccurredAt { get; private set; } = first.Event.OccurredAt;

        /// <summary>All events from the current one on.</summary>
        public async IAsyncEnumerable<LogEntry> Of(
            IAsyncEnumerator<LogEntry> events, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                var entry = events.Current;
                Events++;
                LastPosition = entry.Position;
                FirstOccurredAt = entry.Event.OccurredAt < FirstOccurredAt ? entry.Event.OccurredAt : FirstOccurredAt;
                LastOccurredAt = entry.Event.OccurredAt > LastOccurredAt ? entry.Event.OccurredAt : LastOccurredAt;
                yield return entry;
            }
            while (await events.MoveNextAsync());
        }
    }
}

/// <summary>Identifies an event among all others of its log, and of another log that has the same positions.</summary>
internal sealed record ArchivedKey(long Position, Guid EventId);
