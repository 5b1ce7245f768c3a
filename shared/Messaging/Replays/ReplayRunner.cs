using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging;

/// <summary>
/// Sends past events to a queue, batch by batch: what the broker has confirmed is written down before the next is read. A crash between
/// costs duplicates, which the inbox drops.
/// </summary>
internal sealed partial class ReplayRunner(
    ReplayTable replays,
    IEnumerable<IReplaySource> sources,
    PublisherFactory publishers,
    DatabaseAddress address,
    DatabaseStartup database,
    MessagingOptions options,
    TimeProvider clock,
    ILogger<ReplayRunner> logger) : JobRunner<Replay>(replays, address, database, options.JobPollInterval, logger)
{
    private const string WhoDeclares = "Its consumer declares what it takes when it starts, or deploy/rabbitmq/definitions.json does.";

    private static readonly TimeSpan WhileTheQueueIsLong = TimeSpan.FromMilliseconds(50);

    protected override async Task Run(Guid id, CancellationToken stop)
    {
        await using var publisher = await publishers.ConnectReplay(stop);
        if (await replays.Find(id, stop) is not { State: JobState.Running } replay)
            return;
        var source = sources.Single(source => source.Name == replay.Source);
        await using var reader = source.Open(replay, stop);
        try
        {
            await Run(replay, source, reader, publisher, stop);
        }
        catch (ArchiveUnavailableException away)
        {
            throw new JobPutOffException(away.Message, away);
        }
        catch (ArchiveException damaged)
        {
            throw new JobFailedException(damaged.Message, damaged);
        }
    }

    private async Task Run(Replay? replay, IReplaySource source, IReplayReader reader, ReplayPublisher publisher, CancellationToken stop)
    {
        var pace = new Pace(replay?.PerSecond ?? await PerSecondOf(replay, publisher, stop));
        while (replay is { State: JobState.Running })
        {
            replay = await Turn(replay, source, reader, publisher, pace, stop);
            Progressed();
        }
    }

    /// <summary>None, where the queue's length says when to wait.</summary>
    private async Task<int?> PerSecondOf(Replay? replay, ReplayPublisher publisher, CancellationToken stop) =>
        replay is null || await publisher.Waiting(replay.Queue, stop) is not null ? null : options.Replays.PerSecondUnseen;

    private async Task<Replay?> Turn(
        Replay replay, IReplaySource source, IReplayReader reader, ReplayPublisher publisher, Pace pace, CancellationToken stop)
    {
        if (replay.Types.Count == 0)
            throw new JobFailedException(NothingTaken(replay.Queue));
        if (replay.Total is null)
        {
            var total = await source.Count(replay, stop);
            return await replays.Counted(replay, total, await source.Missing(replay.From, stop), stop);
        }

        if (replay.Position >= replay.Last)
            return replay.Sent >= replay.Total ? await Complete(replay, stop) : throw new JobFailedException(Gone(replay));
        if (await publisher.Waiting(replay.Queue, stop) >= options.Replays.LongestQueue)
        {
            await Task.Delay(WhileTheQueueIsLong, stop);
            return await replays.Find(replay.Id, stop);
        }

        var (events, position) = await reader.Read(replay, pace.Turn(options.Replays.BatchSize), stop);
        await Task.Delay(pace.Next(clock.GetUtcNow(), events.Count), clock, stop);
        var returned = await publisher.Publish(events, replay.Queue, stop);
        if (returned.Count > 0 && replay.TypesAreGiven)
            throw new JobFailedException(NotTaken(replay.Queue, returned.Keys));
        return await replays.Sent(replay, position, events.Count - returned.Values.Sum(), [.. returned.Keys], stop);
    }

    private async Task<Replay?> Complete(Replay replay, CancellationToken stop)
    {
        var completed = await replays.Change(replay.Id, [JobState.Running], JobState.Completed, stop);
        if (completed is not null)
            Completed(logger, replay.Id, replay.Sent, replay.Queue);
        return completed;
    }

    private static string Gone(Replay replay) =>
        $"{replay.Total - replay.Sent} events have left the log while the replay went on: replay them from the archive.";

    private static string NothingTaken(string queue) => $"The queue '{queue}' takes none of this service's events. {WhoDeclares}";

    private static string NotTaken(string queue, IEnumerable<string> types) =>
        $"The queue '{queue}' does not take "
        + $"{string.Join(", ", types.Select(EventTypes.ShortNameOf).Order(StringComparer.Ordinal))}. {WhoDeclares}";

    [LoggerMessage(LogLevel.Information, "The replay {Id} is completed: {Sent} events to {Queue}")]
    private static partial void Completed(ILogger logger, Guid id, long sent, string queue);
}
