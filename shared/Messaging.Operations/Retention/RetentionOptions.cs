using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>How long history is kept, in the configuration section <c>Messaging:Retention</c>.</summary>
public sealed class RetentionOptions : IValidatableObject
{
    /// <summary>
    /// For how many days events stay in the log after the partition that holds them is over; those of streams that are still open stay
    /// longer. What is older is archived, then dropped. For ever, if not given.
    /// </summary>
    [Range(1, 36_500)]
    public int? LogDays { get; init; }

    /// <summary>
    /// For how many days an event that comes once more is known as a duplicate. At least as long as anybody may send it again: a producer's
    /// replay reaches as far back as its log and its archive. For ever, if not given.
    /// </summary>
    [Range(7, 36_500)]
    public int? InboxDays { get; init; }

    /// <summary>
    /// How many days a partition has that is made from now on. Months, for who keeps years: each costs every query a little.
    /// </summary>
    [Range(1, 366)]
    public int PartitionDays { get; init; } = 7;

    /// <summary>How many partitions are there before anything falls into them.</summary>
    [Range(1, 52)]
    public int PartitionsAhead { get; init; } = 4;

    /// <summary>How often an instance sees to partitions and archives.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Where archives are kept.</summary>
    [ValidateObjectMembers]
    public ArchiveOptions Archive { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LogDays is not null && Archive.Kind is ArchiveKind.None)
        {
            yield return new ValidationResult(
                "Messaging:Retention:LogDays needs an archive: set Messaging:Retention:Archive:Directory, or ServiceUrl and Bucket there.",
                [nameof(LogDays)]);
        }
    }
}
