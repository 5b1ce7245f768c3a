using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>
/// Where archives are kept, in the configuration section <c>Messaging:Retention:Archive</c>: a directory, or a bucket of an S3-compatible
/// store.
/// </summary>
public sealed class ArchiveOptions : IValidatableObject
{
    /// <summary>A directory that all instances share; each service creates its own in it.</summary>
    public string? Directory { get; init; }

    /// <summary>The address of an S3-compatible store, such as <c>https://s3.eu-central-1.amazonaws.com</c>.</summary>
    public Uri? ServiceUrl { get; init; }

    /// <summary>The bucket, which must exist.</summary>
    public string? Bucket { get; init; }

    /// <summary>The beginning of all names in the bucket, before the service's name, such as <c>archives/</c>.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The access key; if not set, the environment provides the credentials, for example through the machine's role.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The secret of <see cref="AccessKey"/>; set both or neither.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Whether the bucket is in the path of the address instead of its host.</summary>
    public bool PathStyle { get; init; } = true;

    internal ArchiveKind Kind =>
        Directory is { Length: > 0 } ? ArchiveKind.Directory
        : ServiceUrl is not null || Bucket is { Length: > 0 } ? ArchiveKind.S3
        : ArchiveKind.None;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        const string section = "Messaging:Retention:Archive";
        if (Kind is ArchiveKind.Directory && ServiceUrl is not null)
            yield return new ValidationResult($"{section} takes either a Directory or a ServiceUrl, not both.", [nameof(Directory)]);
        if (Kind is ArchiveKind.S3 && (ServiceUrl is not { IsAbsoluteUri: true } || string.IsNullOrEmpty(Bucket)))
            yield return new ValidationResult($"{section} needs both ServiceUrl, an absolute address, and Bucket.", [nameof(ServiceUrl)]);
        if (string.IsNullOrEmpty(AccessKey) != string.IsNullOrEmpty(SecretKey))
            yield return new ValidationResult($"{section}:AccessKey and SecretKey belong together.", [nameof(AccessKey)]);
    }
}

internal enum ArchiveKind
{
    None,
    Directory,
    S3,
}
