using System.Runtime.CompilerServices;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Reads the archived events of this service, for replays.</summary>
internal sealed class ArchiveReader(IArchiveStore store)
{
    /// <summary>
    /// Returns archived events in order of position, each once. All bytes of a file are checked before its first event is returned, so that
    /// no caller gets a damaged one.
    /// </summary>
    /// <exception cref="ArchiveException">There is no archive, or a file that is needed is missing or damaged.</exception>
    public async IAsyncEnumerable<LogEntry> Read(ArchiveFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Streams that stayed open for long are archived late, so files overlap. A file is opened when its first event is next.
        var closed = new Queue<ArchiveManifest>(
            (await Manifests(cancellationToken)).Where(filter.MayBeIn).OrderBy(manifest => manifest.FirstPosition));
        var open = new PriorityQueue<IAsyncEnumerator<LogEntry>, long>();
        try
        {
            var last = filter.After;
            while (true)
            {
                while (closed.TryPeek(out var next) && (!open.TryPeek(out _, out var position) || next.FirstPosition <= position))
                {
                    await ArchiveFile.CheckBytes(store, closed.Dequeue(), cancellationToken);
                    await Advance(ArchiveFile.Read(store, next.File, cancellationToken).GetAsyncEnumerator(cancellationToken), open);
                }

                if (!open.TryPeek(out var file, out var first))
                    yield break;
                // An abandoned attempt may have left the same events twice.
                if (first > last && filter.Takes(file.Current))
                    yield return file.Current;
                last = Math.Max(first, last);
                open.Dequeue();
                await Advance(file, open);
            }
        }
        finally
        {
            while (open.TryDequeue(out var file, out _))
                await file.DisposeAsync();
        }
    }

    /// <summary>The manifests of all archive files, in no particular order.</summary>
    public async Task<IReadOnlyList<ArchiveManifest>> Manifests(CancellationToken cancellationToken)
    {
        var manifests = new List<ArchiveManifest>();
        foreach (var name in await store.List(cancellationToken))
        {
            if (name.EndsWith(ArchiveManifest.Suffix, StringComparison.Ordinal))
                manifests.Add(await ArchiveManifest.Read(store, name, cancellationToken));
        }

        return manifests;
    }

    private static async Task Advance(IAsyncEnumerator<LogEntry> file, PriorityQueue<IAsyncEnumerator<LogEntry>, long> open)
    {
        if (await file.MoveNextAsync())
            open.Enqueue(file, file.Current.Position);
        else
            await file.DisposeAsync();
    }
}

/// <summary>Selects the archived events that meet all given conditions.</summary>
/// <param name="From">Events that occurred at this time or later.</param>
/// <param name="Until">Events that occurred before this time.</param>
/// <param name="Types">Wire addresses; null for all types.</param>
/// <param name="Streams">Names of streams; null for all streams.</param>
/// <param name="After">Only later positions: where an earlier reader stopped.</param>
internal sealed record ArchiveFilter(
    DateTimeOffset? From = null,
    DateTimeOffset? Until = null,
    IReadOnlySet<string>? Types = null,
    IReadOnlySet<string>? Streams = null,
    long After = long.MinValue)
{
    public bool MayBeIn(ArchiveManifest manifest) =>
        manifest.LastPosition > After
        && (From is null || manifest.LastOccurredAt >= From)
        && (Until is null || manifest.FirstOccurredAt < Until);

    public bool Takes(LogEntry e) =>
        (From is null || e.Event.OccurredAt >= From)
        && (Until is null || e.Event.OccurredAt < Until)
        && Types?.Contains(e.Event.Type) != false
        && Streams?.Contains(e.Event.Stream) != false;
}
