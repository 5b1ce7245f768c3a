using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>
/// Where archives are kept, in the configuration section <c>Messaging:Retention:Archive</c>: a directory, or a bucket of an S3-compatible
/// store.
/// </summary>
public sealed class ArchiveOptions : IValidatableObject
{
    /// <summary>A directory that all instances share; each service makes one of its own in it.</summary>
    public string? Directory { get; init; }

    /// <summary>Address of an S3-compatible store, such as <c>https://s3.eu-central-1.amazonaws.com</c>.</summary>
    public Uri? ServiceUrl { get; init; }

    /// <summary>The bucket; it is not made.</summary>
    public string? Bucket { get; init; }

    /// <summary>What the names in the bucket begin with, before the service's, such as <c>archives/</c>.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The region that requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Who asks; if not given, what the environment says, such as the role of the machine.</summary>
    public string? AccessKey { get; init; }

    /// <summary>Belongs to <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Whether the bucket is in the path of the address, not in its host.</summary>
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
            yield return new ValidationResult($"{section} is either a Directory or a ServiceUrl.", [nameof(Directory)]);
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
