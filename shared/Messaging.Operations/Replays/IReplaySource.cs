using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Where replays read past events: the log, or the archive of events that have left it.</summary>
internal interface IReplaySource
{
    /// <summary>Its name in requests: <c>log</c> or <c>archive</c>.</summary>
    string Name { get; }

    /// <summary>The first and last position between which all events of a time range are.</summary>
    Task<(long First, long Last)> Positions(DateTimeOffset? from, DateTimeOffset? until, CancellationToken cancellationToken);

    /// <summary>Counts the events that the replay asks for.</summary>
    Task<long> Count(Replay replay, CancellationToken cancellationToken);

    /// <summary>Says which events since a time this source lacks, and where they are; null when it has all.</summary>
    Task<string?> Missing(DateTimeOffset? from, CancellationToken cancellationToken);

    /// <summary>Begins to read after the last event that the replay has sent.</summary>
    IReplayReader Open(Replay replay, CancellationToken cancellationToken);
}

/// <summary>Reads events in order of position. After a failure, open a new one.</summary>
internal interface IReplayReader : IAsyncDisposable
{
    /// <summary>The next events that a replay asks for, maybe none, and the position up to which there are no others.</summary>
    Task<(IReadOnlyList<LogEntry> Events, long Position)> Read(Replay replay, int limit, CancellationToken cancellationToken);
}
