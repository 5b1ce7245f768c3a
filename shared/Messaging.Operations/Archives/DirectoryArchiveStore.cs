namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>
/// Files, which another program may copy away. A file that is being written has another name until it is complete.
/// </summary>
internal sealed class DirectoryArchiveStore(string directory) : IArchiveStore
{
    private const string Partial = ".partial";

    public async Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, name);
        try
        {
            await using (var file = new FileStream(path + Partial, FileMode.CreateNew, FileAccess.Write))
            {
                await write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(path + Partial, path);
        }
        catch
        {
            File.Delete(path + Partial);
            throw;
        }

        // The new name is only in the file system's journal; flushing the file once more makes it durable, too.
        using var named = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(named);
    }

    public Task<Stream> Open(string name, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Stream>(new FileStream(
                Path.Combine(directory, name),
                FileMode.Open,
                FileAccess.Read,
                FileShare.Read | FileShare.Delete,
                bufferSize: 81_920,
                useAsync: true));
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new FileNotFoundException(exception.Message, name, exception);
        }
    }

    public Task<IReadOnlyList<string>> List(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>(
        Directory.Exists(directory) ? [.. Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path))] : []);

    public Task Delete(string name, CancellationToken cancellationToken)
    {
        File.Delete(Path.Combine(directory, name));
        return Task.CompletedTask;
    }
}
