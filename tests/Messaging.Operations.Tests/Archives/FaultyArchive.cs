using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>An archive in a directory that can be made to fail.</summary>
internal sealed class FaultyArchive(string directory) : IArchiveStore
{
    private readonly DirectoryArchiveStore store = new(directory);

    /// <summary>Called after a file was written.</summary>
    public Action<FileInfo> Written { get; set; } = _ => { };

    /// <summary>
    /// Awaited before files are listed ("list"), and before a file is written ("write"), complete ("flow") or opened ("open"). Gets the
    /// moment and the file's name.
    /// </summary>
    public Func<string, string, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public async Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        await Before("write", name).WaitAsync(cancellationToken);
        await store.Write(
            name,
            async stream =>
            {
                await write(stream);
                await Before("flow", name).WaitAsync(cancellationToken);
            },
            cancellationToken);
        Written(new FileInfo(Path.Combine(directory, name)));
    }

    public async Task<Stream> Open(string name, CancellationToken cancellationToken)
    {
        await Before("open", name).WaitAsync(cancellationToken);
        return await store.Open(name, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> List(CancellationToken cancellationToken)
    {
        await Before("list", "").WaitAsync(cancellationToken);
        return await store.List(cancellationToken);
    }

    public Task Delete(string name, CancellationToken cancellationToken) => store.Delete(name, cancellationToken);
}
