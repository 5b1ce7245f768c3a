using System.Data;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Sampling;
using OrderPlatform.Orders.Domain;
using Prometheus;

namespace OrderPlatform.Orders.Metrics;

/// <summary>
/// The number of orders in each status. Few orders are in progress, so all of those are counted. The number of others keeps growing:
/// they are counted up to a limit, beyond which PostgreSQL's statistics are good enough. (A stored count would be a row that every order
/// has to lock.)
/// </summary>
public sealed class OrdersByStatus : ISampledMetrics
{
    private const int Countable = 10_000;

    private static readonly OrderStatus[] UnderWay = [OrderStatus.Placed, OrderStatus.Confirmed, OrderStatus.Cancelling];
    private static readonly OrderStatus[] Others = [.. Enum.GetValues<OrderStatus>().Except(UnderWay)];

    private readonly Dictionary<OrderStatus, Gauge.Child> gauges;

    public OrdersByStatus(IMetricFactory metrics)
    {
        var orders = metrics.CreateGauge(
            "orders_by_status",
            "Orders in each status. Counts of shipped, delivered, rejected and cancelled orders are estimates beyond 10000.",
            ["status"]);
        gauges = Enum.GetValues<OrderStatus>()
            .ToDictionary(status => status, status => orders.WithLabels(status.ToString().ToLowerInvariant()));
    }

    public async Task Sample(DbContext database, CancellationToken cancellationToken)
    {
        // One snapshot for all statuses, so that an order whose status changes meanwhile is counted once.
        await using var snapshot = await database.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var orders = database.Set<Order>();
        var counts = await orders
            .Where(order => UnderWay.Contains(order.Status))
            .GroupBy(order => order.Status)
            .Select(group => new { Status = group.Key, Orders = group.LongCount() })
            .ToDictionaryAsync(group => group.Status, group => group.Orders, cancellationToken);
        foreach (var status in Others)
        {
            counts[status] = await orders
                .Where(order => order.Status == status)
                .OrderBy(order => order.Id)
                .Take(Countable)
                .CountAsync(cancellationToken);
            if (counts[status] == Countable)
                counts[status] = Math.Max(Countable, await Estimate(database, status, cancellationToken));
        }

        foreach (var (status, gauge) in gauges)
            gauge.Set(counts.GetValueOrDefault(status));
    }

    public void Forget()
    {
        foreach (var gauge in gauges.Values)
            gauge.Set(double.NaN);
    }

    /// <summary>The estimate of the last ANALYZE; 0 before the first.</summary>
    private static async Task<long> Estimate(DbContext database, OrderStatus status, CancellationToken cancellationToken)
    {
        var name = status.ToString();
        var estimates = await database.Database
            .SqlQuery<long>(
                $"""
                 SELECT (reltuples * frequency)::bigint AS "Value"
                 FROM pg_class, pg_stats, unnest(most_common_vals::text::text[], most_common_freqs) AS common (status, frequency)
                 WHERE oid = 'orders'::regclass AND schemaname = relnamespace::regnamespace::text AND tablename = relname
                   AND attname = 'status' AND common.status = {name}
                 """)
            .ToListAsync(cancellationToken);
        return estimates.FirstOrDefault();
    }
}
