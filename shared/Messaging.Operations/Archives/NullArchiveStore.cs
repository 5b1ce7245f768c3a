namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>The store when no archive is configured: every call fails.</summary>
internal sealed class NullArchiveStore : IArchiveStore
{
    public Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken) => throw NotConfigured();

    public Task<Stream> Open(string name, CancellationToken cancellationToken) => throw NotConfigured();

    public Task<IReadOnlyList<string>> List(CancellationToken cancellationToken) => throw NotConfigured();

    public Task Delete(string name, CancellationToken cancellationToken) => throw NotConfigured();

    private static ArchiveException NotConfigured() =>
        new("This service has no archive: Messaging:Retention:Archive sets neither Directory nor ServiceUrl.");
}
