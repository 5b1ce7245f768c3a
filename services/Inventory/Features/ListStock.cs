using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Storage;

namespace OrderPlatform.Inventory.Features;

public static class ListStock
{
    /// <summary>Lists all stock, by SKU.</summary>
    /// <remarks>
    /// For the next page, pass <c>next</c> as <c>after</c>. SKUs that are added in the meantime do not shift the pages.
    /// </remarks>
    /// <param name="limit" example="50">The maximum number of items on a page, 1 to 200.</param>
    /// <param name="after" example="cable-usb-c">Only SKUs that come after this one, the last of the previous page.</param>
    /// <response code="200">A page of stock; empty when there is none.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Ok<StockPage>> Handle(
        InventoryDb db, CancellationToken cancellationToken, [Range(1, 200)] int limit = 50, [Sku] string? after = null)
    {
        IQueryable<StockItem> stock = db.Stock;
        if (after is not null)
            stock = stock.Where(item => string.Compare(item.Sku, after) > 0);

        var items = await stock
            .OrderBy(item => item.Sku)
            .Take(limit + 1)
            .Select(item => new StockResponse(item.Sku, item.Available, item.Reserved))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(items.Count > limit ? new StockPage(items[..limit], items[limit - 1].Sku) : new StockPage(items, null));
    }
}

/// <summary>A page of the stock, by SKU.</summary>
/// <param name="Items">At most as many as the limit allows.</param>
/// <param name="Next" example="cable-usb-c">Pass it as <c>after</c> for the next page; null on the last page.</param>
public sealed record StockPage(IReadOnlyList<StockResponse> Items, string? Next);
