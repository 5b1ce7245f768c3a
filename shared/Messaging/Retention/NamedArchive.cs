using Amazon.Runtime;

namespace OrderPlatform.Messaging;

/// <summary>Says of what goes wrong at a store which one it is, and what to look at.</summary>
/// <param name="store">Where the archives are.</param>
/// <param name="name">What people call it, such as <c>the directory /archive</c>.</param>
/// <param name="check">What may be the matter with it.</param>
internal sealed class NamedArchive(IArchiveStore store, string name, string check) : IArchiveStore
{
    public Task Write(string file, Func<Stream, Task> write, CancellationToken cancellation) => Named(async () =>
    {
        await store.Write(file, write, cancellation);
        return true;
    });

    public Task<Stream> Open(string file, CancellationToken cancellation) => Named(() => store.Open(file, cancellation));

    public Task<IReadOnlyList<string>> List(CancellationToken cancellation) => Named(() => store.List(cancellation));

    public Task Delete(string file, CancellationToken cancellation) => Named(async () =>
    {
        await store.Delete(file, cancellation);
        return true;
    });

    /// <summary>What is written comes from the database, whose failures are none of the store's.</summary>
    private async Task<T> Named<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception exception) when (exception is (IOException and not FileNotFoundException) or UnauthorizedAccessException
            or AmazonClientException or AmazonServiceException or HttpRequestException)
        {
            throw new ArchiveUnavailableException($"The archive can not be used, which is {name}: {exception.Message} {check}", exception);
        }
    }
}
