using System.Runtime.CompilerServices;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Pacing;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>Writes the archives of this service.</summary>
internal sealed class LogArchive(
    IArchiveStore store, MessagingTopology map, RetentionProgress progress, BackgroundThrottle throttle, TimeProvider clock)
{
    /// <summary>Events that are looked for in the log at once.</summary>
    private const int Some = 1000;

    /// <summary>
    /// Archives the events of a partition, and reads them back. Each attempt has a name of its own: one that was given up, but goes on
    /// unnoticed, spoils nothing.
    /// </summary>
    /// <param name="partition">What ends with it.</param>
    /// <param name="events">In the order of their positions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was archived; null when there was nothing to.</returns>
    /// <exception cref="ArchiveException">It is not there as it was written.</exception>
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
            map.Service,
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
            // Nobody must take it for an archive.
            await store.Delete(manifest.Name, CancellationToken.None);
            throw;
        }

        return manifest;
    }

    /// <summary>Removes what attempts before left of a partition that is still there, if the log has all of it.</summary>
    /// <param name="partition">Whose.</param>
    /// <param name="lacks">Which of some events, the first, the log does not have; null if it has them all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArchiveException">The log does not have all of it, or it cannot be read: it stays.</exception>
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
    /// Every event, not the first and the last: the log may be that of an older backup, which has lost some between them, and has given
    /// their positions to others since.
    /// </summary>
    private async Task CheckLogHas(
        ArchiveManifest manifest, Func<IReadOnlyList<ArchivedKey>, Task<ArchivedKey?>> lacks, CancellationToken cancellationToken)
    {
        await Check([new ArchivedKey(manifest.FirstPosition, manifest.FirstEventId)]);
        await ArchiveFile.CheckBytes(store, manifest, cancellationToken);
        var keys = ArchiveFile.Read(store, manifest.File, cancellationToken).Select(e => new ArchivedKey(e.Position, e.Event.EventId));
        var turn = throttle.Begin();
        await foreach (var some in keys.Chunk(Some).WithCancellation(cancellationToken))
        {
            await Check(some);
            progress.Made(manifest.Partition, $"{manifest.File} looked at up to position {some[^1].Position}");
            await turn.Rest(cancellationToken);
            turn = throttle.Begin();
        }

        async Task Check(ArchivedKey[] events)
        {
            if (await lacks(events) is not { } lost)
                return;
            throw new ArchiveException(
                $"The archive has {manifest.File} already, and this log does not have all of its events, such as {lost.EventId} at "
                + $"position {lost.Position}: it is of another log, or this one was restored from an older backup. It may be their only "
                + "copy, so it stays as it is: give this log another place, with Messaging:Retention:Archive, and keep this one.");
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

    /// <summary>What the manifest says of events, learned while they are written.</summary>
    private sealed class Summary(LogEntry first)
    {
        public LogEntry First => first;

        public long Events { get; private set; }

        public long LastPosition { get; private set; }

        public DateTimeOffset FirstOccurredAt { get; private set; } = first.Event.OccurredAt;

        public DateTimeOffset LastOccurredAt { get; private set; } = first.Event.OccurredAt;

        /// <summary>All events from the present one on.</summary>
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

/// <summary>What tells an event from all others of its log, and of another that has the same positions.</summary>
internal sealed record ArchivedKey(long Position, Guid EventId);
