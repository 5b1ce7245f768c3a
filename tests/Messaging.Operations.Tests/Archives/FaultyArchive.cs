using OrderPlatform.Messaging.Operations.Archives;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>An archive in a directory, at which something goes wrong.</summary>
internal sealed class FaultyArchive(string directory) : IArchiveStore
{
    private readonly DirectoryArchiveStore store = new(directory);

    /// <summary>What to do when a file was written.</summary>
    public Action<FileInfo> Written { get; set; } = _ => { };

    /// <summary>What to do, and wait for, before something happens: "list", "write", "flow" (in the middle of writing), "open".</summary>
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
