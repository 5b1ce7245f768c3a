using System.Buffers;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text.Json;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>An archive file: gzipped JSON lines, with a checksum of the file and one of the lines.</summary>
internal static class ArchiveFile
{
    public const string Suffix = ".jsonl.gz";

    private const int Chunk = 65_536;

    /// <summary>Writes events, one per line.</summary>
    /// <returns>The checksums of what was written: of the file and of the lines.</returns>
    public static async Task<ArchiveChecksums> Write(Stream file, IAsyncEnumerable<LogEntry> events, CancellationToken cancellationToken)
    {
        await using var hashed = new HashingStream(file, leaveOpen: true);
        await using var content = new HashingStream(new GZipStream(hashed, CompressionLevel.Fastest, leaveOpen: true));
        var lines = new ArrayBufferWriter<byte>();
        await foreach (var @event in events.WithCancellation(cancellationToken))
        {
            ArchivedEvent.Write(lines, @event);
            if (lines.WrittenCount < Chunk)
                continue;
            await content.WriteAsync(lines.WrittenMemory, cancellationToken);
            lines.ResetWrittenCount();
        }

        await content.WriteAsync(lines.WrittenMemory, cancellationToken);
        await content.DisposeAsync();
        return new ArchiveChecksums(hashed.Bytes, hashed.Sha256(), content.Sha256());
    }

    /// <summary>Reads and unpacks a whole file, and compares its size and checksums with the manifest.</summary>
    /// <param name="manifest">The expected size and checksums.</param>
    /// <param name="rest">Awaited after each chunk, with the number of unpacked bytes read so far.</param>
    /// <exception cref="ArchiveException">The file is missing, or does not match the manifest.</exception>
    public static async Task Verify(IArchiveStore store, ArchiveManifest manifest, Func<long, Task> rest, CancellationToken cancellationToken)
    {
        await using var file = new HashingStream(await Open(store, manifest.File, cancellationToken));
        await using var content = new HashingStream(new GZipStream(file, CompressionMode.Decompress, leaveOpen: true));
        var buffer = new byte[16 * Chunk];
        while (await Reading(manifest.File, content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)) > 0)
            await rest(content.Bytes);
        await ReadToEnd(file, manifest.File, cancellationToken);
        Check(manifest, new ArchiveChecksums(file.Bytes, file.Sha256(), content.Sha256()));
    }

    /// <summary>The same without unpacking, which is enough for a file that was verified when it was written.</summary>
    /// <exception cref="ArchiveException">The file is missing, or does not match the manifest.</exception>
    public static async Task CheckBytes(IArchiveStore store, ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        await using var file = new HashingStream(await Open(store, manifest.File, cancellationToken));
        await ReadToEnd(file, manifest.File, cancellationToken);
        Check(manifest, new ArchiveChecksums(file.Bytes, file.Sha256(), manifest.ContentSha256));
    }

    /// <summary>Reads the events of a file, in order of position. It verifies nothing: call <see cref="CheckBytes"/> first.</summary>
    public static async IAsyncEnumerable<LogEntry> Read(
        IArchiveStore store, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var file = await Open(store, name, cancellationToken);
        await using var content = new GZipStream(file, CompressionMode.Decompress);
        using var lines = new StreamReader(content);
        while (await Reading(name, lines.ReadLineAsync(cancellationToken)) is { } line)
            yield return Event(name, line);
    }

    private static void Check(ArchiveManifest manifest, ArchiveChecksums found)
    {
        if (found != new ArchiveChecksums(manifest.Bytes, manifest.Sha256, manifest.ContentSha256))
        {
            throw new ArchiveException(
                $"The archive {manifest.File} is damaged: it has {found.Bytes} bytes and SHA-256 {found.Sha256}; its manifest says "
                + $"{manifest.Bytes} bytes and {manifest.Sha256}.");
        }
    }

    private static async Task ReadToEnd(HashingStream file, string name, CancellationToken cancellationToken)
    {
        var buffer = new byte[Chunk];
        while (await Reading(name, file.ReadAsync(buffer, cancellationToken)) > 0)
        {
            // Reading is enough: the stream computes the hash.
        }
    }

    /// <summary>Adds the file's name to errors while reading.</summary>
    private static async ValueTask<T> Reading<T>(string name, ValueTask<T> read)
    {
        try
        {
            return await read;
        }
        catch (InvalidDataException exception)
        {
            throw new ArchiveException($"The archive {name} is damaged: {exception.Message}", exception);
        }
        catch (IOException exception)
        {
            throw new ArchiveUnavailableException($"The archive {name} could not be read to the end: {exception.Message}", exception);
        }
    }

    private static async Task<Stream> Open(IArchiveStore store, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await store.Open(name, cancellationToken);
        }
        catch (FileNotFoundException exception)
        {
            throw new ArchiveException($"The archive {name} is missing.", exception);
        }
    }

    private static LogEntry Event(string name, string line)
    {
        try
        {
            return ArchivedEvent.Read(line);
        }
        catch (JsonException exception)
        {
            throw new ArchiveException($"The archive {name} has a line that is not an event: {exception.Message}", exception);
        }
    }
}

/// <summary>The size and checksums of a file, which reveal damage.</summary>
internal sealed record ArchiveChecksums(long Bytes, string Sha256, string ContentSha256);
