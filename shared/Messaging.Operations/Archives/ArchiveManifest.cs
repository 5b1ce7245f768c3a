using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Describes an archive file. It is written last: a file without a manifest does not count.</summary>
/// <param name="Service">The service that appended the events.</param>
/// <param name="Partition">The partition that was archived.</param>
/// <param name="Since">Where the partition begins; events of streams that stayed open longer are older.</param>
/// <param name="Until">Where the partition ends, exclusive.</param>
/// <param name="File">The file beside the manifest: JSON lines, gzip.</param>
/// <param name="Events">The number of lines in the file, at least one.</param>
/// <param name="FirstPosition">The position in the first line; positions ascend.</param>
/// <param name="LastPosition">The position in the last line.</param>
/// <param name="FirstEventId">The event id in the first line.</param>
/// <param name="FirstOccurredAt">When the oldest of the events occurred.</param>
/// <param name="LastOccurredAt">When the newest of the events occurred.</param>
/// <param name="Bytes">The size of the file.</param>
/// <param name="Sha256">The file's checksum, as <c>sha256sum</c> prints it.</param>
/// <param name="ContentSha256">The checksum of the lines: <c>zcat FILE | sha256sum</c>.</param>
/// <param name="ArchivedAt">When it was written, UTC.</param>
internal sealed record ArchiveManifest(
    string Service,
    string Partition,
    DateTimeOffset Since,
    DateTimeOffset Until,
    string File,
    long Events,
    long FirstPosition,
    long LastPosition,
    Guid FirstEventId,
    DateTimeOffset FirstOccurredAt,
    DateTimeOffset LastOccurredAt,
    long Bytes,
    string Sha256,
    string ContentSha256,
    DateTimeOffset ArchivedAt)
{
    public const string Suffix = ".manifest.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    [JsonIgnore]
    public string Name => NameOf(File);

    public static string NameOf(string file) => file[..file.IndexOf('.', StringComparison.Ordinal)] + Suffix;

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="ArchiveException">The manifest is missing, empty or damaged.</exception>
    public static async Task<ArchiveManifest> Read(IArchiveStore store, string name, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await store.Open(name, cancellationToken);
            return await JsonSerializer.DeserializeAsync<ArchiveManifest>(stream, Json, cancellationToken)
                ?? throw new ArchiveException($"The manifest {name} is empty.");
        }
        catch (FileNotFoundException exception)
        {
            throw new ArchiveException($"The manifest {name} is missing.", exception);
        }
        catch (IOException exception)
        {
            throw new ArchiveUnavailableException($"The manifest {name} could not be read to the end: {exception.Message}", exception);
        }
        catch (JsonException exception)
        {
            throw new ArchiveException($"The manifest {name} is damaged: {exception.Message}", exception);
        }
    }
}
