using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrderPlatform.Messaging.Relay;

/// <summary>
/// Publishes the event log, in commit order. One relay of a service is active; those of its other instances stand by. The
/// active one holds an advisory lock in the database, and an exclusive queue on the connection it publishes through: a
/// relay that lost the lock without noticing still keeps its successor from publishing beside it.
/// </summary>
internal sealed partial class Relay(
    MessagingTopology map,
    DatabaseAddress address,
    RabbitMqConnections publishers,
    Signal signal,
    DatabaseStartup database,
    MessagingOptions options,
    MessagingMetrics metrics,
    TimeProvider clock,
    ILogger<Relay> logger) : BackgroundService, IHealthCheck
{
    private const int BatchesInFlight = 4;

    /// <summary>A broker that is alive confirms within milliseconds; one with an alarm or without a majority does not.</summary>
    private static readonly TimeSpan LongestConfirm = TimeSpan.FromSeconds(10);

    private const string TryLock = "SELECT pg_try_advisory_lock(hashtextextended('orderplatform relay', 0))";

    // A cursor that is lost in a crash costs duplicates, which the inboxes drop: no need to wait for the disk. And to plan a read of all
    // partitions anew each time would take longer than to read them.
    private const string Settings = "SET synchronous_commit = off; SET plan_cache_mode = force_generic_plan";

    /// <summary>A read takes a millisecond: when so many events come meanwhile, the next reads are worth to be one.</summary>
    private const int GatherThreshold = 2;

    private volatile string state = "waits for the database";
    private string phase = "";
    private volatile bool active;
    private volatile bool healthy;
    private Backoff backoff = new();
    private DateTimeOffset progress;
    private volatile bool unconfirmed;

    /// <summary>Whether this instance publishes the log.</summary>
    public bool IsActive => active;

    /// <summary>What it does or waits for, in words.</summary>
    public string State => state;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            active && unconfirmed && clock.GetUtcNow() - progress > LongestConfirm
                ? HealthCheckResult.Unhealthy("waits for the broker to confirm what was published")
            : healthy ? HealthCheckResult.Healthy(state)
            : HealthCheckResult.Unhealthy(state));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await database.Ready.WaitAsync(stoppingToken);
        backoff = new Backoff();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                phase = "waits for the database";
                await using var connection = await Connect(stoppingToken);
                await TakeOver(connection, stoppingToken);
                state = phase = "waits for the broker";
                await using var publisher = await publishers.Connect(stoppingToken);
                await Publish(connection, publisher, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                // What else failed meanwhile is the next instance's to repeat.
                return;
            }
            catch (Exception exception)
            {
                // Whatever it was, the log keeps what is not published: begin again at the cursor.
                healthy = false;
                state = $"{phase}: {exception.GetBaseException().Message}";
                Interrupted(logger, exception.GetBaseException().Message);
                await backoff.Wait(stoppingToken);
            }
        }
    }

    /// <summary>A connection outside the pool: there, one that is closed would keep its lock until somebody else uses it.</summary>
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
        await using var tryLock = new NpgsqlCommand(TryLock, connection);
        while (!(bool)(await tryLock.ExecuteScalarAsync(stoppingToken))!)
        {
            (healthy, state) = (true, "stands by");
            await Task.Delay(options.TakeOverInterval, stoppingToken);
        }
    }

    private async Task Publish(NpgsqlConnection connection, RelayPublisher publisher, CancellationToken stoppingToken)
    {
        var log = new LogReader(connection, options.RelayBatchSize);
        await log.Start(stoppingToken);
        (active, healthy, state, phase) = (true, true, "active", "interrupted");
        Active(logger, map.Service);

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
    /// Each turn reads the log and publishes what is new. What the broker has confirmed meanwhile moves the cursor with the next turn, so
    /// that it costs no round trip of its own.
    /// </summary>
    private async Task Publish(LogReader log, RelayPublisher publisher, CancellationToken stoppingToken)
    {
        var inFlight = new Queue<(LogBatch Batch, Task Confirmed)>();
        var arrivals = new ArrivalRate(GatherThreshold, clock);
        while (true)
        {
            arrivals.Begin();
            publisher.ThrowIfFailed();
            await Confirm(log, inFlight);
            var commit = signal.Next();
            var batch = await log.Read(stoppingToken);
            (unconfirmed, progress) = (inFlight.Count > 0 || batch.Changed, inFlight.Count > 0 ? progress : clock.GetUtcNow());
            if (batch.Changed)
                inFlight.Enqueue((batch, await publisher.Publish(batch.Events, map.Types.Published, stoppingToken)));
            arrivals.End(batch.Events.Count);

            if (inFlight.Count >= BatchesInFlight)
                await inFlight.Peek().Confirmed.WaitAsync(stoppingToken);
            else if (batch.Events.Count < options.RelayBatchSize)
                await Task.WhenAny(commit, Task.Delay(options.RelayPollInterval, stoppingToken));
            if (arrivals.IsHigh && batch.Events.Count < options.RelayBatchSize)
                await Task.Delay(options.GatherMessages, stoppingToken);
        }
    }

    private async Task Confirm(LogReader log, Queue<(LogBatch Batch, Task Confirmed)> inFlight)
    {
        while (inFlight.TryPeek(out var oldest) && oldest.Confirmed.IsCompleted)
        {
            await oldest.Confirmed;
            inFlight.Dequeue();
            log.Confirmed(oldest.Batch);
            metrics.Published(oldest.Batch.Events);
            progress = clock.GetUtcNow();
            backoff = new Backoff();
        }
    }

    [LoggerMessage(LogLevel.Information, "The relay of {Service} is active")]
    private static partial void Active(ILogger logger, string service);

    [LoggerMessage(LogLevel.Warning, "The relay was interrupted and begins again at its cursor: {Reason}")]
    private static partial void Interrupted(ILogger logger, string reason);
}
