using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderPlatform.Contracts;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.ServiceDefaults.Tests;

/// <summary>A slice as the services write them: the tests post to it and read its documentation.</summary>
public static class PostParcel
{
    public enum Speed { Standard, NextDay }

    /// <summary>A parcel to be sent.</summary>
    /// <param name="Recipient" example="Ada Lovelace">1 to 20 characters.</param>
    /// <param name="Speed" example="nextDay">How fast.</param>
    /// <param name="Items">One to three.</param>
    /// <param name="Note" example="Leave it at the door.">For the carrier.</param>
    public sealed record Request(
        [StringLength(20, MinimumLength = 1)] string Recipient,
        Speed Speed,
        [Length(1, 3)] IReadOnlyList<Item> Items,
        string? Note = null);

    /// <summary>What is inside.</summary>
    /// <param name="Sku" example="TEA-GREEN-100">The article.</param>
    /// <param name="Quantity" example="2">Units, 1 to 1,000.</param>
    public sealed record Item([RegularExpression("[A-Z0-9-]{1,64}")] string Sku, [Range(1, 1000)] int Quantity);

    /// <summary>The accepted parcel.</summary>
    /// <param name="ParcelId">Its id.</param>
    /// <param name="Key">The key it came with.</param>
    /// <param name="First">The first item, as the contracts write it.</param>
    public sealed record Response(Guid ParcelId, string? Key, OrderLine First);

    /// <summary>Accepts a parcel.</summary>
    /// <remarks>The same key gives the same parcel.</remarks>
    /// <param name="request">The parcel.</param>
    /// <param name="key">Makes a repeated POST harmless.</param>
    /// <response code="409">The recipient has moved: <c>recipient-moved</c>.</response>
    public static Results<Created<Response>, ProblemHttpResult> Handle(
        Request request, [FromHeader(Name = "Idempotency-Key")] string? key = null)
    {
        var parcelId = Guid.CreateVersion7();
        return request.Recipient == "moved"
            ? Problems.Conflict("recipient-moved", "The recipient has moved; ask for the new address.")
            : TypedResults.Created(
                $"/parcels/{parcelId}",
                new Response(parcelId, key, new OrderLine(request.Items[0].Sku, request.Items[0].Quantity)));
    }
}
