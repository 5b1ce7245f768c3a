using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Inventory.Features;

public static class ReceiveStock
{
    /// <summary>Books goods that arrived.</summary>
    /// <remarks>
    /// The first receipt of a SKU creates it. A reference counts once for each SKU, so a request whose response was lost can safely
    /// be repeated: it changes nothing and gets the same response.
    /// </remarks>
    /// <param name="sku" example="cable-usb-c">The SKU that arrived.</param>
    /// <param name="request">The quantity, and the delivery note.</param>
    /// <response code="200">The receipt is booked, now or by an earlier request.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="409"><c>reference-used</c>: the reference was booked for this SKU with another quantity.</response>
    public static async Task<Results<Ok<ReceiptResponse>, ProblemHttpResult>> Handle(
        [Sku] string sku, ReceiptRequest request, TransactionBatcher batcher, TimeProvider clock, CancellationToken cancellationToken)
    {
        var id = Receipt.IdOf(sku, request.Reference);
        var refusal = await batcher.Run(
            rows => rows.Add<Receipt>(id).Add<StockItem>(sku),
            unit =>
            {
                var decision = Decide(unit.Find<Receipt>(id), sku, request, clock.GetUtcNow());
                if (decision.Happened is not { } received)
                    return decision.Refusal;

                if (unit.Find<StockItem>(sku) is not { } item)
                    unit.Add(item = new StockItem(sku));
                unit.Add(new Receipt(id, request.Quantity));
                unit.Append(item, received);
                return null;
            },
            cancellationToken);
        if (refusal is not null)
            return Problems.Conflict(refusal.Code, refusal.Detail);
        return TypedResults.Ok(new ReceiptResponse(sku, request.Quantity, request.Reference));
    }

    public static Decision<StockReceived> Decide(Receipt? booked, string sku, ReceiptRequest request, DateTimeOffset now)
    {
        if (booked is null)
            return new StockReceived(sku, request.Quantity, request.Reference, now);
        if (booked.Quantity == request.Quantity)
            return Decision.Nothing;
        return new Refusal("reference-used", $"The reference was booked for {sku} with a quantity of {booked.Quantity}; use another one.");
    }
}

/// <summary>Goods that arrived.</summary>
/// <param name="Quantity" example="500">Whole units, 1 to 1,000,000.</param>
/// <param name="Reference" example="delivery-note-4711">
/// The delivery note, which counts once for each SKU: 1 to 100 characters, without control characters.
/// </param>
public sealed record ReceiptRequest(
    [property: Range(1, 1_000_000)] int Quantity,
    [property: Required, RegularExpression(@"^[^\p{Cc}]{1,100}$")] string Reference);

/// <summary>Goods that are booked.</summary>
/// <param name="Sku" example="cable-usb-c">The SKU that arrived.</param>
/// <param name="Quantity" example="500">Whole units.</param>
/// <param name="Reference" example="delivery-note-4711">The delivery note.</param>
public sealed record ReceiptResponse(string Sku, int Quantity, string Reference);
