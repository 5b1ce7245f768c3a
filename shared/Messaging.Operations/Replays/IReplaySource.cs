using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Where replays read past events: the log, or the archive of what has left it.</summary>
internal interface IReplaySource
{
    /// <summary>What a replay calls it.</summary>
    string Name { get; }

    /// <summary>The positions among which everything is that happened in a time, first and last.</summary>
    Task<(long First, long Last)> Positions(DateTimeOffset? from, DateTimeOffset? until, CancellationToken cancellationToken);

    /// <summary>How many events the replay asks for.</summary>
    Task<long> Count(Replay replay, CancellationToken cancellationToken);

    /// <summary>What of all that happened since a time this source does not have, and where it is; null when it has everything.</summary>
    Task<string?> Missing(DateTimeOffset? from, CancellationToken cancellationToken);

    /// <summary>Begins to read where a replay stands.</summary>
    IReplayReader Open(Replay replay, CancellationToken cancellationToken);
}

/// <summary>Reads on, in the order of positions, for as long as nothing fails.</summary>
internal interface IReplayReader : IAsyncDisposable
{
    /// <summary>The next events that a replay asks for, and the position up to which there are no others. There may be none.</summary>
    Task<(IReadOnlyList<LogEntry> Events, long Position)> Read(Replay replay, int limit, CancellationToken cancellationToken);
}
