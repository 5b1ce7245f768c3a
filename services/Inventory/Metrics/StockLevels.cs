using Microsoft.EntityFrameworkCore;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging.Sampling;
using Prometheus;

namespace OrderPlatform.Inventory.Metrics;

/// <summary>
/// How many SKUs there are, and how many of them are out of stock. The catalogue does not grow with the orders, so every row is read.
/// </summary>
public sealed class StockLevels(IMetricFactory metrics) : ISampledMetrics
{
    private readonly Gauge skus = metrics.CreateGauge("inventory_skus", "SKUs that have ever been received.");
    private readonly Gauge outOfStock = metrics.CreateGauge("inventory_skus_out_of_stock", "SKUs with no unit available.");

    public async Task Sample(DbContext database, CancellationToken cancellationToken)
    {
        var stock = database.Set<StockItem>();
        var counts = await stock
            .GroupBy(_ => 1)
            .Select(all => new { Skus = all.Count(), OutOfStock = all.Count(item => item.Available == 0) })
            .SingleOrDefaultAsync(cancellationToken);
        skus.Set(counts?.Skus ?? 0);
        outOfStock.Set(counts?.OutOfStock ?? 0);
    }

    public void Forget()
    {
        skus.Set(double.NaN);
        outOfStock.Set(double.NaN);
    }
}
