using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderPlatform.ServiceDefaults.Errors;

namespace OrderPlatform.Shipping.Carrier;

/// <summary>
/// A carrier for demos and tests, as slow and unreliable as its settings say. A tracking number is derived from the idempotency key, so it
/// stores no bookings; it stores cancellations in memory only.
/// </summary>
public sealed class CarrierSimulator
{
    private readonly ConcurrentDictionary<Guid, bool> cancelled = [];
    private volatile SimulatorSettings settings = new(DelayMilliseconds: 100, FailureRate: 0);

    /// <summary>Books the transport of a shipment.</summary>
    /// <remarks>The same key gets the same tracking number. A cancelled key can no longer be booked.</remarks>
    /// <param name="key" example="0199f3c2-a1b4-7c3e-8d5f-6a7b8c9d0e1f">The shipment's id.</param>
    /// <response code="200">The shipment is booked, now or by an earlier request.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="409"><c>booking-cancelled</c>: the booking was cancelled.</response>
    /// <response code="503">A simulated failure, as often as the settings say.</response>
    public static async Task<Results<Ok<BookingResponse>, ProblemHttpResult, StatusCodeHttpResult>> Book(
        [FromHeader(Name = "Idempotency-Key")] Guid key, BookingRequest booking, CarrierSimulator carrier, CancellationToken cancellationToken)
    {
        if (!await carrier.Works(cancellationToken))
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        return carrier.cancelled.ContainsKey(key)
            ? Problems.Conflict("booking-cancelled", "The booking was cancelled; a new one needs a new key.")
            : TypedResults.Ok(new BookingResponse($"SIM{key:N}".ToUpperInvariant()));
    }

    /// <summary>Cancels a booking.</summary>
    /// <param name="key" example="0199f3c2-a1b4-7c3e-8d5f-6a7b8c9d0e1f">The shipment's id.</param>
    /// <response code="204">The booking no longer exists, and cannot be made again.</response>
    /// <response code="503">A simulated failure, as often as the settings say.</response>
    public static async Task<Results<NoContent, StatusCodeHttpResult>> Cancel(
        Guid key, CarrierSimulator carrier, CancellationToken cancellationToken)
    {
        if (!await carrier.Works(cancellationToken))
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        carrier.cancelled[key] = true;
        return TypedResults.NoContent();
    }

    /// <summary>Shows how slow and unreliable the carrier is.</summary>
    /// <response code="200">The settings.</response>
    public static Ok<SimulatorSettings> GetSettings(CarrierSimulator carrier) => TypedResults.Ok(carrier.settings);

    /// <summary>Sets how slow and unreliable the carrier is.</summary>
    /// <remarks>A failure rate of 1 takes it down: shipments stay pending, and are dispatched once it is back.</remarks>
    /// <response code="200">The new settings.</response>
    /// <response code="400">The delay or the failure rate is out of bounds.</response>
    public static Ok<SimulatorSettings> PutSettings(SimulatorSettings settings, CarrierSimulator carrier) =>
        TypedResults.Ok(carrier.settings = settings);

    private async Task<bool> Works(CancellationToken cancellationToken)
    {
        var (delay, failureRate) = settings;
        await Task.Delay(delay, cancellationToken);
        return Random.Shared.NextDouble() >= failureRate;
    }
}

/// <summary>How slow and unreliable the simulated carrier is.</summary>
/// <param name="DelayMilliseconds" example="100">How long it takes to answer, 0 to 60,000 milliseconds.</param>
/// <param name="FailureRate" example="0.2">The share of calls that fail with 503, 0 to 1.</param>
public sealed record SimulatorSettings([property: Range(0, 60_000)] int DelayMilliseconds, [property: Range(0d, 1d)] double FailureRate);
