using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Replays from the archive of events that have left the log.</summary>
internal sealed class ReplayFromArchive(ArchiveReader archive) : IReplaySource
{
    public string Name => "archive";

    /// <exception cref="ArchiveException">There is no archive, or a manifest is damaged.</exception>
    public async Task<(long First, long Last)> Positions(DateTimeOffset? from, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var filter = new ArchiveFilter(from, until);
        var manifests = (await archive.Manifests(cancellationToken)).Where(filter.MayBeIn).ToArray();
        return manifests is []
            ? (0, -1)
            : (manifests.Min(manifest => manifest.FirstPosition), manifests.Max(manifest => manifest.LastPosition));
    }

    /// <exception cref="ArchiveException">A file that is needed is missing or damaged.</exception>
    public async Task<long> Count(Replay replay, CancellationToken cancellationToken)
    {
        var filter = FilterOf(replay) with { Types = replay.Types.ToHashSet(), After = replay.First - 1 };
        return await archive.Read(filter, cancellationToken).TakeWhile(e => e.Position <= replay.Last).LongCountAsync(cancellationToken);
    }

    /// <summary>Always null: the log has the events that the archive lacks.</summary>
    public Task<string?> Missing(DateTimeOffset? from, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public IReplayReader Open(Replay replay, CancellationToken cancellationToken) =>
        new Reader(archive.Read(FilterOf(replay), cancellationToken).GetAsyncEnumerator(cancellationToken));

    /// <summary>Leaves out the types, which may become fewer while the replay runs.</summary>
    private static ArchiveFilter FilterOf(Replay replay) =>
        new(replay.From, replay.Until, Types: null, replay.Streams?.ToHashSet(), replay.Position);

    private sealed class Reader(IAsyncEnumerator<LogEntry> archived) : IReplayReader
    {
        /// <exception cref="ArchiveException">A file that is needed is missing or damaged.</exception>
        public async Task<(IReadOnlyList<LogEntry> Events, long Position)> Read(
            Replay replay, int limit, CancellationToken cancellationToken)
        {
            var events = new List<LogEntry>(limit);
            while (events.Count < limit)
            {
                if (!await archived.MoveNextAsync() || archived.Current.Position > replay.Last)
                    return (events, replay.Last);
                if (replay.Types.Contains(archived.Current.Event.Type))
                    events.Add(archived.Current);
            }

            return (events, archived.Current.Position);
        }

        public ValueTask DisposeAsync() => archived.DisposeAsync();
    }
}
