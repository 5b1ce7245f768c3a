using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Sampling;
using OrderPlatform.Messaging.Storage;
using Prometheus;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>Metrics of the partitions ahead, and of those that were archived and dropped.</summary>
internal sealed class RetentionMetrics : ISampledMetrics
{
    /// <summary>The maximum number of rows without a partition that are counted.</summary>
    private const int Counted = 1000;

    // No partition is missing for an id that claims to be from the future.
    private const string SelectState =
        """
        SELECT (SELECT extract(epoch FROM max(until) - $1)::float8 FROM messaging.partitions('{0}')),
               (SELECT count(*) FROM (SELECT FROM messaging.{0}_default WHERE event_id < messaging.first_id($1) LIMIT $2) AS misplaced)
        """;

    private readonly FrozenDictionary<string, TableMetrics> tables;
    private readonly Gauge lastSuccess;
    private readonly Counter archived;
    private readonly TimeProvider clock;
    private volatile bool failed;

    public RetentionMetrics(IMetricFactory metrics, TimeProvider clock)
    {
        this.clock = clock;
        var ahead = metrics.CreateGauge(
            "messaging_partitions_ahead_seconds", "How long from now the existing partitions last.", ["table"]);
        var misplaced = metrics.CreateGauge(
            "messaging_default_partition_rows", "Rows whose partition was missing; no more than 1000 are counted.", ["table"]);
        var dropped = metrics.CreateCounter("messaging_dropped_partitions_total", "Partitions that had ended and were dropped.", ["table"]);
        tables = Partitions.Tables.ToFrozenDictionary(
            table => table, table => new TableMetrics(ahead.WithLabels(table), misplaced.WithLabels(table), dropped.WithLabels(table)));
        lastSuccess = metrics.CreateGauge(
            "messaging_retention_last_success_timestamp_seconds",
            "When this instance last completed a run of retention, or made progress with one; 0 before the first time.");
        archived = metrics.CreateCounter("messaging_archived_events_total", "Events that were archived and dropped.");
    }

    /// <summary>All work that was due is done, or a part that need not be repeated.</summary>
    public void Succeeded()
    {
        failed = false;
        lastSuccess.Set(clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
    }

    /// <summary>
    /// A long run makes progress. That counts as success, unless a run has failed: otherwise, runs that make progress for hours and then
    /// fail would never be noticed.
    /// </summary>
    public void Progressed()
    {
        if (!failed)
            Succeeded();
    }

    public void Failed() => failed = true;

    public void Archived(long events) => archived.Inc(events);

    public void Dropped(Partition partition) => tables[partition.Table].Dropped.Inc();

    public async Task Sample(DbContext database, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        foreach (var (table, gauges) in tables)
        {
            await using var command = database.CreateCommand(SelectState.Replace("{0}", table, StringComparison.Ordinal));
            command.Parameters.Add(Value(clock.GetUtcNow()));
            command.Parameters.Add(Value(Counted));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            gauges.Ahead.Set(reader.GetDouble(0));
            gauges.Misplaced.Set(reader.GetInt64(1));
        }
    }

    public void Forget()
    {
        foreach (var (_, gauges) in tables)
        {
            gauges.Ahead.Set(double.NaN);
            gauges.Misplaced.Set(double.NaN);
        }
    }

    private sealed record TableMetrics(Gauge.Child Ahead, Gauge.Child Misplaced, Counter.Child Dropped);
}
