using Amazon.Runtime;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Adds to the errors of a store which store it is, and what to check.</summary>
/// <param name="name">How messages name it, such as <c>the directory /archive</c>.</param>
/// <param name="check">What an operator should check.</param>
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

    /// <summary>Names the store in its own errors only: the content comes from the database, whose errors pass unchanged.</summary>
    private async Task<T> Named<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception exception) when (exception is (IOException and not FileNotFoundException) or UnauthorizedAccessException
            or AmazonClientException or AmazonServiceException or HttpRequestException)
        {
            throw new ArchiveUnavailableException($"The archive ({name}) cannot be used: {exception.Message} {check}", exception);
        }
    }
}
