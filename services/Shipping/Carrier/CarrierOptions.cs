using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Shipping.Carrier;

/// <summary>The carrier, in the configuration section <c>Carrier</c>.</summary>
public sealed class CarrierOptions : IValidatableObject
{
    public CarrierMode Mode { get; init; } = CarrierMode.Simulator;

    /// <summary>The address of the carrier's API. Mode Http requires it; mode Simulator finds its own.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>The maximum number of concurrent carrier calls of one instance.</summary>
    [Range(1, 500)]
    public int Concurrency { get; init; } = 16;

    /// <summary>
    /// How long an instance may take for one shipment, retries included, before another instance tries; set it longer than the
    /// client's total timeout.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often to look for due shipments when no commit in this process has signalled one.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two attempts for the same shipment.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromMinutes(1);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Enum.IsDefined(Mode))
            yield return new ValidationResult($"Carrier:Mode must be one of {string.Join(", ", Enum.GetNames<CarrierMode>())}.");
        if (Mode == CarrierMode.Http && BaseUrl is null)
            yield return new ValidationResult("Carrier:Mode is Http, so Carrier:BaseUrl must say where the carrier's API is.");
        if (BaseUrl is not null && (!BaseUrl.IsAbsoluteUri || BaseUrl.Scheme is not ("http" or "https")))
            yield return new ValidationResult($"Carrier:BaseUrl is '{BaseUrl}'; it must be an absolute http or https URL.");
    }
}

public enum CarrierMode
{
    /// <summary>The carrier is the simulator inside this service, called over HTTP like a real one.</summary>
    Simulator,

    /// <summary>The carrier is an HTTP API at <c>Carrier:BaseUrl</c>.</summary>
    Http,

    /// <summary>There is no carrier: shipments are dispatched in the transaction that creates them.</summary>
    Instant,
}
