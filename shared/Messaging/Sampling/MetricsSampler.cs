using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Relay;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;
using Prometheus;

namespace OrderPlatform.Messaging.Sampling;

/// <summary>
/// Updates the gauges of state: the contents of the database, whether database and broker can be reached, and which instance
/// publishes.
/// </summary>
internal sealed partial class MetricsSampler : BackgroundLoop
{
    /// <summary>After a sample, the next one waits for this many times the sample's duration.</summary>
    private const int Rest = 50;

    private static readonly TimeSpan LongestPing = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestSample = TimeSpan.FromSeconds(10);

    private readonly IServiceScopeFactory scopes;
    private readonly DatabaseStartup database;
    private readonly EventRelay relay;
    private readonly ITransport broker;
    private readonly SamplingOptions options;
    private readonly ILogger<MetricsSampler> logger;
    private readonly Schedule[] schedules;
    private readonly Gauge databaseUp;
    private readonly Gauge brokerUp;
    private readonly Gauge relayActive;
    private long answered = long.MinValue;

    public MetricsSampler(
        IServiceScopeFactory scopes,
        IEnumerable<ISampledMetrics> sampled,
        DatabaseStartup database,
        EventRelay relay,
        ITransport broker,
        SamplingOptions options,
        CollectorRegistry registry,
        IMetricFactory metrics,
        ILogger<MetricsSampler> logger)
        : base(database.Ready, options.SampleInterval)
    {
        (this.scopes, this.database, this.relay) = (scopes, database, relay);
        (this.broker, this.options, this.logger) = (broker, options, logger);
        schedules = [.. sampled.Select(metrics => new Schedule(metrics))];
        databaseUp = metrics.CreateGauge(
            "messaging_database_up", "1 when the service can write to its database, and its migrations are applied.");
        brokerUp = metrics.CreateGauge("messaging_broker_up", "1 when the service is connected to the broker and consumes.");
        relayActive = metrics.CreateGauge("messaging_relay_active", "1 on the instance that publishes the event log.");
        registry.AddBeforeCollectCallback(Show);
        Forget();
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        if (await Ping(stoppingToken))
            await Sample(stoppingToken);
        else
            Forget();
    }

    protected override void Interrupted(Exception exception)
    {
        Forget();
        Interrupted(logger, exception.GetBaseException().Message);
    }

    /// <summary>Gauges that need no I/O are read at each scrape.</summary>
    private void Show()
    {
        // If the sampler hangs on a database that neither answers nor refuses, the last answer becomes too old.
        var at = Volatile.Read(ref answered);
        var up = at != long.MinValue && Stopwatch.GetElapsedTime(at) < 2 * options.SampleInterval + LongestPing + LongestSample;
        databaseUp.Set(up ? 1 : 0);
        brokerUp.Set(broker.IsUp ? 1 : 0);
        relayActive.Set(relay.IsActive ? 1 : 0);
    }

    private async Task<bool> Ping(CancellationToken stoppingToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            limit.CancelAfter(LongestPing);
            var up = await database.IsWritable(limit.Token);
            Volatile.Write(ref answered, up ? Stopwatch.GetTimestamp() : long.MinValue);
            return up;
        }
        catch (Exception) when (!stoppingToken.IsCancellationRequested)
        {
            Volatile.Write(ref answered, long.MinValue);
            return false;
        }
    }

    private async Task Sample(CancellationToken stoppingToken)
    {
        foreach (var schedule in schedules)
        {
            if (Stopwatch.GetTimestamp() < schedule.Next)
                continue;
            var began = Stopwatch.GetTimestamp();
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                limit.CancelAfter(LongestSample);
                await using var scope = scopes.CreateAsyncScope();
                await schedule.Metrics.Sample(scope.ServiceProvider.GetRequiredService<DbContext>(), limit.Token);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                schedule.Metrics.Forget();
                Failed(logger, schedule.Metrics.GetType().Name, exception.GetBaseException().Message);
            }

            schedule.Took(began, Stopwatch.GetTimestamp());
        }
    }

    private void Forget()
    {
        foreach (var schedule in schedules)
        {
            schedule.Metrics.Forget();
            schedule.Reset();
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Metrics} cannot be read ({Reason}); its gauges show NaN until the next sample")]
    private static partial void Failed(ILogger logger, string metrics, string reason);

    [LoggerMessage(LogLevel.Warning, "Gauges cannot be updated ({Reason}); they show NaN until the next sample")]
    private static partial void Interrupted(ILogger logger, string reason);

    private sealed class Schedule(ISampledMetrics metrics)
    {
        private long last;

        public ISampledMetrics Metrics => metrics;

        /// <summary>The next sample is not taken before this timestamp.</summary>
        public long Next { get; private set; }

        /// <summary>The shorter of the last two durations counts: the first sample is always slow, and a machine may stall once.</summary>
        public void Took(long began, long ended)
        {
            Next = ended + Rest * Math.Min(last, ended - began);
            last = ended - began;
        }

        public void Reset() => last = Next = 0;
    }
}
