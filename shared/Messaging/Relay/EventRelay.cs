using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Tracing;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Relay;

/// <summary>
/// Publishes the event log, each stream in its order. One relay of a service is active; those of its other instances stand by. The active
/// one holds an advisory lock in the database, and the transport allows one publisher per service: until a relay notices that it has lost
/// the lock, its successor cannot publish.
/// </summary>
internal sealed partial class EventRelay(
    MessagingTopology topology,
    DatabaseAddress address,
    ITransport transport,
    MessagingSystem system,
    TransportOptions transportOptions,
    DatabaseStartup database,
    AppendSignal appends,
    RelayOptions options,
    BatchingOptions batching,
    MessagingMetrics metrics,
    TimeProvider clock,
    ILogger<EventRelay> logger) : BackgroundLoop(database.Ready, TimeSpan.Zero), IHealthCheck
{
    private const int BatchesInFlight = 4;

    /// <summary>A healthy broker confirms within milliseconds; one with an alarm or without a majority does not.</summary>
    private static readonly TimeSpan LongestConfirm = TimeSpan.FromSeconds(10);

    // A cursor update that is lost in a crash costs only duplicates, which the inboxes drop, so there is no need to wait for the disk.
    // Planning a read of all partitions each time would take longer than the read itself.
    private const string Settings = "SET synchronous_commit = off; SET plan_cache_mode = force_generic_plan";

    /// <summary>A read takes a millisecond: when this many events arrive meanwhile, the next reads are worth batching.</summary>
    private const int GatherThreshold = 2;

    private readonly HashSet<string> envelopes = [.. transportOptions.Envelopes];
    private volatile string state = "waiting for the database";
    private string phase = "";
    private volatile bool active;
    private volatile bool healthy;
    private DateTimeOffset progress;
    private volatile bool unconfirmed;

    /// <summary>Whether this instance publishes the log.</summary>
    public bool IsActive => active;

    /// <summary>What the relay is doing or waiting for, in words.</summary>
    public string State => state;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            active && unconfirmed && clock.GetUtcNow() - progress > LongestConfirm
                ? HealthCheckResult.Unhealthy("waiting for the broker to confirm published events")
            : healthy ? HealthCheckResult.Healthy(state)
            : HealthCheckResult.Unhealthy(state));

    protected override async Task Run(CancellationToken stoppingToken)
    {
        phase = "waiting for the database";
        await using var connection = await Connect(stoppingToken);
        await TakeOver(connection, stoppingToken);
        state = phase = "waiting for the broker";
        await using var publisher = await transport.ConnectPublisher(stoppingToken);
        await Publish(connection, publisher, stoppingToken);
    }

    /// <summary>After any failure the log still has the unpublished events: the next run begins at the cursor.</summary>
    protected override void Interrupted(Exception exception)
    {
        var reason = exception.GetBaseException().Message;
        healthy = false;
        state = $"{phase}: {reason}";
        Interrupted(logger, reason);
    }

    /// <summary>A connection outside the pool: a pooled one would keep its lock after it is closed, until it is used again.</summary>
    private async Task<NpgsqlConnection> Connect(CancellationToken stoppingToken)
    {
        var connection = address.CreateUnpooled();
        try
        {
            await connection.OpenAsync(stoppingToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task TakeOver(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        await using var settings = new NpgsqlCommand(Settings, connection);
        await settings.ExecuteNonQueryAsync(stoppingToken);
        while (!await AdvisoryLock.TryTake(connection, "relay", stoppingToken))
        {
            (healthy, state) = (true, "standing by");
            await Task.Delay(options.TakeOverInterval, stoppingToken);
        }
    }

    private async Task Publish(NpgsqlConnection connection, IEventPublisher publisher, CancellationToken stoppingToken)
    {
        var log = new LogReader(connection, options.RelayBatchSize);
        await log.Start(stoppingToken);
        (active, healthy, state, phase) = (true, true, "active", "interrupted");
        Active(logger, topology.Service);

        try
        {
            await Publish(log, publisher, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await log.SaveCursor();
            throw;
        }
        finally
        {
            active = false;
        }
    }

    /// <summary>
    /// Each turn reads the log and publishes new events. Confirms that have arrived meanwhile move the cursor in the same round trip as the
    /// next read.
    /// </summary>
    private async Task Publish(LogReader log, IEventPublisher publisher, CancellationToken stoppingToken)
    {
        var inFlight = new Queue<(LogBatch Batch, Task Confirmed)>();
        var arrivals = new ArrivalRate(GatherThreshold, clock);
        while (true)
        {
            arrivals.Begin();
            publisher.ThrowIfFailed();
            await Confirm(log, inFlight);
            var appended = appends.Next();
            var batch = await log.Read(stoppingToken);
            (unconfirmed, progress) = (inFlight.Count > 0 || batch.Changed, inFlight.Count > 0 ? progress : clock.GetUtcNow());
            if (batch.Changed)
                inFlight.Enqueue((batch, await publisher.Publish(MessagesOf(batch), stoppingToken)));
            arrivals.End(batch.Entries.Count);

            if (inFlight.Count >= BatchesInFlight)
                await inFlight.Peek().Confirmed.WaitAsync(stoppingToken);
            else if (batch.Entries.Count < options.RelayBatchSize)
                await Task.WhenAny(appended, Task.Delay(options.RelayPollInterval, stoppingToken));
            if (arrivals.IsHigh && batch.Entries.Count < options.RelayBatchSize)
                await Task.Delay(batching.GatherMessages, stoppingToken);
        }
    }

    private async Task Confirm(LogReader log, Queue<(LogBatch Batch, Task Confirmed)> inFlight)
    {
        while (inFlight.TryPeek(out var oldest) && oldest.Confirmed.IsCompleted)
        {
            await oldest.Confirmed;
            inFlight.Dequeue();
            log.Confirmed(oldest.Batch);
            metrics.Published(oldest.Batch.Entries.Select(entry => entry.Event.Type));
            progress = clock.GetUtcNow();
            Progressed();
        }
    }

    /// <summary>The events of a batch that the service publishes; the others are history only.</summary>
    private List<OutgoingMessage> MessagesOf(LogBatch batch)
    {
        var messages = new List<OutgoingMessage>(batch.Entries.Count);
        foreach (var (_, @event) in batch.Entries)
        {
            if (!topology.Types.Published.Contains(@event.Type))
                continue;
            using var span = MessagingTelemetry.StartPublishing(system, @event);
            messages.Add(new OutgoingMessage(
                @event.Type,
                WireFormat.Write(@event, span?.Id ?? @event.TraceParent, envelopes.Contains(EventTypes.ShortNameOf(@event.Type)))));
        }

        return messages;
    }

    [LoggerMessage(LogLevel.Information, "Relay of {Service} is active")]
    private static partial void Active(ILogger logger, string service);

    [LoggerMessage(LogLevel.Warning, "Relay interrupted ({Reason}); retrying from the cursor")]
    private static partial void Interrupted(ILogger logger, string reason);
}
