using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>How long history is kept, in the configuration section <c>Messaging:Retention</c>.</summary>
public sealed class RetentionOptions : IValidatableObject
{
    /// <summary>
    /// How many days events stay in the log after their partition ended; those of streams that are still open stay longer. Older events are
    /// archived, then dropped. Forever, if not set.
    /// </summary>
    [Range(1, 36_500)]
    public int? LogDays { get; init; }

    /// <summary>
    /// How many days a duplicate is recognised. It should be at least as long as an event may be sent again: a producer's replay reaches as
    /// far back as its log and its archive. Forever, if not set.
    /// </summary>
    [Range(7, 36_500)]
    public int? InboxDays { get; init; }

    /// <summary>
    /// The days of a partition that is created from now on. Use about 30 to keep years: each partition costs every query a little.
    /// </summary>
    [Range(1, 366)]
    public int PartitionDays { get; init; } = 7;

    /// <summary>How many partitions exist before they are needed.</summary>
    [Range(1, 52)]
    public int PartitionsAhead { get; init; } = 4;

    /// <summary>How often an instance checks partitions and archives.</summary>
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
