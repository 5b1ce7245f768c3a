using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Jobs;
using OrderPlatform.Messaging.Operations.Pacing;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>
/// Sends past events to a queue, batch by batch: once the broker has confirmed a batch, the progress is saved, and the next one is read. A
/// crash in between costs duplicates, which the inbox drops.
/// </summary>
internal sealed partial class ReplayRunner(
    ReplayTable replays,
    IEnumerable<IReplaySource> sources,
    ITransport transport,
    DatabaseAddress address,
    DatabaseStartup database,
    JobOptions jobs,
    ReplayOptions options,
    TimeProvider clock,
    ILogger<ReplayRunner> logger) : JobRunner<Replay>(replays, address, database, jobs.JobPollInterval, logger)
{
    private const string WhoDeclares = "Bindings are declared by the consumer when it starts, or by the definitions that the broker loads.";

    private static readonly TimeSpan WhileTheQueueIsLong = TimeSpan.FromMilliseconds(50);

    protected override async Task Run(Guid id, CancellationToken stoppingToken)
    {
        await using var sender = await transport.ConnectSender("replay", stoppingToken);
        if (await replays.Find(id, stoppingToken) is not { State: JobState.Running } replay)
            return;
        var source = sources.Single(source => source.Name == replay.Source);
        await using var reader = source.Open(replay, stoppingToken);
        try
        {
            await Run(replay, source, reader, sender, stoppingToken);
        }
        catch (ArchiveUnavailableException away)
        {
            throw new JobPutOffException(away.Message, away);
        }
        catch (QueueNotFoundException missing)
        {
            throw new JobFailedException($"{missing.Message} Its consumer declares it when it starts.", missing);
        }
        catch (ArchiveException damaged)
        {
            throw new JobFailedException(damaged.Message, damaged);
        }
    }

    private async Task Run(Replay replay, IReplaySource source, IReplayReader reader, IQueueSender sender, CancellationToken stoppingToken)
    {
        var rate = new RateLimiter();
        Replay? current = replay;
        while (current is { State: JobState.Running })
        {
            current = await Advance(current, source, reader, sender, rate, stoppingToken);
            Progressed();
        }
    }

    /// <returns>The replay after the step; null when it was stopped meanwhile.</returns>
    private async Task<Replay?> Advance(
        Replay replay, IReplaySource source, IReplayReader reader, IQueueSender sender, RateLimiter rate, CancellationToken stoppingToken)
    {
        if (replay.Types.Count == 0)
            throw new JobFailedException(NothingTaken(replay.Queue));
        if (replay.Total is null)
        {
            var total = await source.Count(replay, stoppingToken);
            return await replays.Counted(replay, total, await source.Missing(replay.From, stoppingToken), stoppingToken);
        }

        if (replay.Position >= replay.Last)
            return replay.Sent >= replay.Total ? await Complete(replay, stoppingToken) : throw new JobFailedException(Gone(replay));
        var waiting = await sender.MessageCount(replay.Queue, stoppingToken);
        if (waiting >= options.LongestQueue)
            return await After(WhileTheQueueIsLong, replay, stoppingToken);

        // With neither a length nor a rate, new events would wait behind everything that the replay sends.
        rate.PerSecond = replay.PerSecond ?? (waiting is null ? options.PerSecondWithoutQueueLength : null);
        var (events, position) = await reader.Read(replay, rate.BatchSize(options.BatchSize), stoppingToken);
        var wait = rate.Next(clock.GetUtcNow(), events.Count);
        if (wait > TimeSpan.Zero && await After(wait, replay, stoppingToken) is not { State: JobState.Running })
            return null;
        var returned = await sender.Replay(replay.Queue, [.. events.Select(MessageOf)], stoppingToken);
        if (returned.Count > 0 && replay.TypesAreGiven)
            throw new JobFailedException(NotTaken(replay.Queue, returned.Keys));
        var sent = events.Count - returned.Values.Sum();
        return await replays.Sent(replay, position, sent, rate.PerSecond, [.. returned.Keys], stoppingToken);
    }

    /// <summary>The replay after a wait, in which it may have been stopped.</summary>
    private async Task<Replay?> After(TimeSpan wait, Replay replay, CancellationToken stoppingToken)
    {
        await Task.Delay(wait, clock, stoppingToken);
        return await replays.Find(replay.Id, stoppingToken);
    }

    private async Task<Replay?> Complete(Replay replay, CancellationToken stoppingToken)
    {
        var completed = await replays.Change(replay.Id, [JobState.Running], JobState.Completed, stoppingToken);
        if (completed is not null)
            Completed(logger, replay.Id, replay.Sent, replay.Queue);
        return completed;
    }

    private static OutgoingMessage MessageOf(LogEntry entry) => new(
        entry.Event.Type, WireFormat.Write(entry.Event with { IsReplayed = true }, entry.Event.TraceParent));

    private static string Gone(Replay replay) =>
        $"{replay.Total - replay.Sent} events left the log while the replay was running: replay them from the archive.";

    private static string NothingTaken(string queue) => $"The queue '{queue}' takes none of this service's events. {WhoDeclares}";

    private static string NotTaken(string queue, IEnumerable<string> types) =>
        $"The queue '{queue}' does not take "
        + $"{string.Join(", ", types.Select(EventTypes.ShortNameOf).Order(StringComparer.Ordinal))}. {WhoDeclares}";

    [LoggerMessage(LogLevel.Information, "Replay {Id} completed: {Sent} events sent to {Queue}")]
    private static partial void Completed(ILogger logger, Guid id, long sent, string queue);
}
