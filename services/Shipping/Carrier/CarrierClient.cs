using System.Net;
using OrderPlatform.Contracts;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Carrier;

/// <summary>
/// The carrier's HTTP API. Both calls can be repeated: the shipment's id is the idempotency key. <c>AddCarrier</c> adds timeouts, retries
/// and a circuit breaker.
/// </summary>
public sealed class CarrierClient(HttpClient http)
{
    /// <summary>Books a shipment with the carrier.</summary>
    /// <returns>Its tracking number, the same each time.</returns>
    public async Task<string> Book(Shipment shipment, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "bookings")
        {
            Headers = { { "Idempotency-Key", shipment.Id.ToString() } },
            Content = JsonContent.Create(new BookingRequest(shipment.ShippingAddress, shipment.Lines)),
        };
        using var response = await http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        var booking = await response.Content.ReadFromJsonAsync<BookingResponse>(cancellationToken);
        return booking is { TrackingNumber.Length: > 0 and <= 100 }
            ? booking.TrackingNumber
            : throw new HttpRequestException("The carrier accepted the booking but returned no tracking number of 1 to 100 characters.");
    }

    /// <summary>Cancels a shipment's booking, even one whose request is still on its way. Succeeds even if there is no booking.</summary>
    public async Task Cancel(Guid shipmentId, CancellationToken cancellationToken)
    {
        using var response = await http.DeleteAsync(new Uri($"bookings/{shipmentId}", UriKind.Relative), cancellationToken);
        if (response.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.Gone))
            response.EnsureSuccessStatusCode();
    }
}

/// <summary>The goods to transport. The header <c>Idempotency-Key</c> names the shipment.</summary>
/// <param name="ShippingAddress">Where the goods go.</param>
/// <param name="Lines">The goods, one line or more.</param>
public sealed record BookingRequest(ShippingAddress ShippingAddress, IReadOnlyList<OrderLine> Lines);

/// <summary>The carrier has taken the goods.</summary>
/// <param name="TrackingNumber" example="SIM0199F3C2A1B47C3E8D5F6A7B8C9D0E1F">The carrier's number.</param>
public sealed record BookingResponse(string TrackingNumber);
