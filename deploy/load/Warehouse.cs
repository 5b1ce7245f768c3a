using System.Net.Http.Json;

namespace OrderPlatform.LoadGenerator;

/// <summary>Receives goods: plenty of the ordinary ones, and one unit of the scarce ones for every other order.</summary>
internal sealed class Warehouse(HttpClient inventory, Options options, Tally tally, Outage outage, TimeProvider clock)
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);

    /// <summary>How long a receipt of ordinary goods lasts; the next one comes when half of it is gone.</summary>
    private static readonly TimeSpan Cover = TimeSpan.FromMinutes(10);

    private readonly string run = Guid.NewGuid().ToString("N");
    private int receipts;
    private long scarceReceived;

    /// <summary>How many units of an ordinary SKU are received at once.</summary>
    public int Lot { get; } = (int)Math.Clamp(
        Math.Ceiling(options.OrdersPerSecond * Mix.UnitsPerOrder * Cover.TotalSeconds / Mix.OrdinarySkus.Count), 100, 1_000_000);

    /// <summary>Returns when the ordinary goods are in stock.</summary>
    public async Task Open(CancellationToken stoppingToken)
    {
        while (!await Check(stoppingToken))
            await outage.BackOff(stoppingToken);
    }

    /// <summary>Replenishes the stock until it is stopped.</summary>
    public async Task Run(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(CheckInterval, clock, stoppingToken);
            while (!await Check(stoppingToken))
                await outage.BackOff(stoppingToken);
        }
    }

    private async Task<bool> Check(CancellationToken stoppingToken)
    {
        try
        {
            var stock = await Stock(stoppingToken);
            foreach (var sku in Mix.OrdinarySkus.Where(sku => stock.GetValueOrDefault(sku) < Lot / 2))
                await Receive(sku, Lot, stoppingToken);
            await ReceiveScarce(stoppingToken);
            outage.Succeeded();
            return true;
        }
        catch (Exception exception) when (Failure.IsOfTheService(exception, stoppingToken))
        {
            outage.Failed(Failure.Describe(exception));
            return false;
        }
    }

    private async Task ReceiveScarce(CancellationToken stoppingToken)
    {
        var due = (int)(tally.Scarce / 2 - scarceReceived);
        if (due == 0)
            return;
        await Receive(Mix.ScarceSkus[receipts % Mix.ScarceSkus.Count], due, stoppingToken);
        scarceReceived += due;
    }

    private async Task<Dictionary<string, long>> Stock(CancellationToken stoppingToken)
    {
        var stock = new Dictionary<string, long>();
        string? after = null;
        do
        {
            var page = await inventory.GetFromJsonAsync<StockPage>($"stock?limit=200{(after is null ? "" : $"&after={after}")}", stoppingToken);
            foreach (var item in page!.Items)
                stock[item.Sku] = item.Available;
            after = page.Next;
        }
        while (after is not null);
        return stock;
    }

    private async Task Receive(string sku, int quantity, CancellationToken stoppingToken)
    {
        using var response = await inventory.PostAsJsonAsync(
            $"stock/{sku}/receipts", new { quantity, reference = $"load-{run}-{++receipts}" }, stoppingToken);
        response.EnsureSuccessStatusCode();
        tally.CountReceipt();
    }

    private sealed record StockPage(IReadOnlyList<StockItem> Items, string? Next);

    private sealed record StockItem(string Sku, long Available);
}
