using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderPlatform.Contracts;
using OrderPlatform.Contracts.Orders;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Orders.Domain;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Orders.Features;

using Answer = Results<Created<OrderState>, ProblemHttpResult>;

public static class PlaceOrder
{
    private static readonly Refusal KeyReused = new(
        "idempotency-key-reused", "This Idempotency-Key was already used with another body. Repeat that body, or choose a new key.");

    /// <summary>Places an order.</summary>
    /// <remarks>
    /// The order is accepted at once and its stock is reserved soon after: follow it at the address in <c>Location</c>. An
    /// <c>Idempotency-Key</c> makes it safe to repeat the request: the same key with the same body gets the same response as the first
    /// time, even if the order has changed since or both requests arrive at once.
    /// </remarks>
    /// <param name="request">What to ship, and where.</param>
    /// <param name="idempotencyKey" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">
    /// Any 1 to 255 visible ASCII characters that no other order uses, such as a new UUID.
    /// </param>
    /// <response code="201">The order is accepted.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="422"><c>idempotency-key-reused</c>: the key was already used with another body.</response>
    public static Task<Answer> Handle(
        PlaceOrderRequest request,
        [FromHeader(Name = "Idempotency-Key"), StringLength(255, MinimumLength = 1), RegularExpression("[!-~]*")] string? idempotencyKey,
        TransactionBatcher batcher,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        // A valid request is always granted: whether the goods are in stock is for Inventory to decide.
        var placed = Decide(request, Guid.CreateVersion7(now), now).Happened!;
        // A key is to a request as the inbox is to a message: repetitions are answered outside Decide.
        if (idempotencyKey is null)
            return batcher.Run(_ => { }, unit => Place(unit, placed), cancellationToken);

        var hash = IdempotencyKey.HashOf(request);
        return batcher.Run<Answer>(
            rows => rows.Add<IdempotencyKey>(idempotencyKey),
            unit =>
            {
                if (unit.Find<IdempotencyKey>(idempotencyKey) is { } known)
                    return known.Matches(hash) ? Created(known.OrderId) : Problems.Unprocessable(KeyReused.Code, KeyReused.Detail);
                unit.Add(new IdempotencyKey(idempotencyKey, hash, placed.OrderId, now));
                return Place(unit, placed);
            },
            cancellationToken);
    }

    public static Decision<OrderPlaced> Decide(PlaceOrderRequest request, Guid orderId, DateTimeOffset now) => new OrderPlaced(
        orderId,
        request.CustomerId,
        [.. request.Lines.Select(line => new OrderLine(line.Sku, line.Quantity))],
        new ShippingAddress(
            request.ShippingAddress.Recipient,
            request.ShippingAddress.Street,
            request.ShippingAddress.City,
            request.ShippingAddress.PostalCode,
            request.ShippingAddress.Country),
        now);

    private static Answer Place(UnitOfWork unit, OrderPlaced placed)
    {
        var order = new Order(placed.OrderId);
        unit.Add(order);
        unit.Append(order, placed);
        return Created(order.Id);
    }

    private static Created<OrderState> Created(Guid orderId) =>
        TypedResults.Created($"/orders/{orderId}", new OrderState(orderId, OrderStatus.Placed));
}

/// <summary>What to ship, and where.</summary>
/// <param name="CustomerId" example="customer-7">The customer, as the caller names it: 1 to 64 characters.</param>
/// <param name="Lines">1 to 100; each SKU once.</param>
/// <param name="ShippingAddress">Where the goods go.</param>
public sealed record PlaceOrderRequest(
    [property: PlainText(64)] string CustomerId,
    [property: Length(1, 100)] IReadOnlyList<PlaceOrderLine> Lines,
    PlaceOrderAddress ShippingAddress) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var skus = new HashSet<string>(StringComparer.Ordinal);
        return Lines.Where(line => !skus.Add(line.Sku)).Select(line =>
            new ValidationResult($"The SKU {line.Sku} appears more than once: combine its lines into one.", [nameof(Lines)]));
    }
}

/// <summary>A quantity of one SKU.</summary>
/// <param name="Sku" example="keyboard">The stock keeping unit: 1 to 64 letters, digits, dots, underscores and hyphens.</param>
/// <param name="Quantity" example="2">Whole units, 1 to 1,000,000.</param>
public sealed record PlaceOrderLine(
    [property: Required, RegularExpression("[A-Za-z0-9._-]{1,64}")] string Sku,
    [property: Range(1, 1_000_000)] int Quantity);

/// <summary>Where the goods go.</summary>
/// <param name="Recipient" example="Ada Lovelace">The person or company that receives them, up to 200 characters.</param>
/// <param name="Street" example="12 St James's Square">Street and house number, up to 200 characters.</param>
/// <param name="City" example="London">City or town, up to 100 characters.</param>
/// <param name="PostalCode" example="SW1Y 4JH">As the country writes it, up to 20 characters.</param>
/// <param name="Country" example="GB">ISO 3166-1 alpha-2, upper case.</param>
public sealed record PlaceOrderAddress(
    [property: PlainText(200)] string Recipient,
    [property: PlainText(200)] string Street,
    [property: PlainText(100)] string City,
    [property: PlainText(20)] string PostalCode,
    [property: Required, RegularExpression("[A-Z]{2}")] string Country);

/// <summary>An order and its status.</summary>
/// <param name="OrderId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">UUIDv7: ids of later orders are greater.</param>
/// <param name="Status" example="placed">Its status after the request.</param>
public sealed record OrderState(Guid OrderId, OrderStatus Status);
