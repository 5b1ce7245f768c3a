using Amazon.Runtime;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Says of what goes wrong at a store which one it is, and what to look at.</summary>
/// <param name="store">Where the archives are.</param>
/// <param name="name">What people call it, such as <c>the directory /archive</c>.</param>
/// <param name="check">What may be the matter with it.</param>
internal sealed class DescribedArchiveStore(IArchiveStore store, string name, string check) : IArchiveStore
{
    public Task Write(string file, Func<Stream, Task> write, CancellationToken cancellationToken) => Named(async () =>
    {
        await store.Write(file, write, cancellationToken);
        return true;
    });

    public Task<Stream> Open(string file, CancellationToken cancellationToken) => Named(() => store.Open(file, cancellationToken));

    public Task<IReadOnlyList<string>> List(CancellationToken cancellationToken) => Named(() => store.List(cancellationToken));

    public Task Delete(string file, CancellationToken cancellationToken) => Named(async () =>
    {
        await store.Delete(file, cancellationToken);
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
            throw new ArchiveUnavailableException($"The archive cannot be used, which is {name}: {exception.Message} {check}", exception);
        }
    }
}
