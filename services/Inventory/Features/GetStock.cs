using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Storage;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Inventory.Features;

public static class GetStock
{
    /// <summary>Shows the stock of one SKU.</summary>
    /// <param name="sku" example="cable-usb-c">1 to 64 letters, digits, dots, underscores and hyphens.</param>
    /// <response code="200">The available and the reserved units.</response>
    /// <response code="400">The SKU has invalid characters, or more than 64.</response>
    /// <response code="404"><c>sku-not-found</c>: nothing was ever received under this SKU.</response>
    public static async Task<Results<Ok<StockResponse>, ProblemHttpResult>> Handle(
        [Sku] string sku, InventoryDb db, CancellationToken cancellationToken)
    {
        var stock = await db.Stock
            .Where(item => item.Sku == sku)
            .Select(item => new StockResponse(item.Sku, item.Available, item.Reserved))
            .SingleOrDefaultAsync(cancellationToken);
        return stock is null ? Problems.NotFound("sku", sku) : TypedResults.Ok(stock);
    }
}

/// <summary>The stock of one SKU.</summary>
/// <param name="Sku" example="cable-usb-c">The stock keeping unit.</param>
/// <param name="Available" example="480">Units that orders can still reserve.</param>
/// <param name="Reserved" example="20">Units that are set aside for orders and still in the warehouse.</param>
public sealed record StockResponse(string Sku, long Available, long Reserved);
