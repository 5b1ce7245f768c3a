namespace OrderPlatform.Observability.Tests;

/// <summary>
/// Customers of every kind, until they are told to stop: their orders are shipped, delivered, rejected, and cancelled early and late.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Shop shop;
    private readonly Task run;
    private volatile bool stopped;

    public Traffic(Shop shop)
    {
        this.shop = shop;
        run = Run();
    }

    public async ValueTask DisposeAsync()
    {
        stopped = true;
        await run;
    }

    private async Task Run()
    {
        await Task.Yield();
        var sku = await shop.Stock(1_000_000);
        while (!stopped)
        {
            var shipped = await shop.Place(sku);
            await shop.Cancel(await shop.Place(sku));
            var late = await shop.Place(sku);
            await Eventually.Is(async () => await shop.Status(late) != "placed");
            await shop.Cancel(late);
            await shop.Place($"{sku}-that-is-sold-out");
            await Eventually.Is(async () => await shop.Status(shipped) == "shipped");
            if (await shop.Shipment(shipped) is { } shipment)
                await shop.Deliver(shipment.GetProperty("shipmentId").GetGuid());
            await Task.Delay(Pause);
        }
    }
}
