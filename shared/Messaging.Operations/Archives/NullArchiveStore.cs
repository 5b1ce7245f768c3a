namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Nobody has said where archives are.</summary>
internal sealed class NullArchiveStore : IArchiveStore
{
    public Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken) => throw NotConfigured();

    public Task<Stream> Open(string name, CancellationToken cancellationToken) => throw NotConfigured();

    public Task<IReadOnlyList<string>> List(CancellationToken cancellationToken) => throw NotConfigured();

    public Task Delete(string name, CancellationToken cancellationToken) => throw NotConfigured();

    private static ArchiveException NotConfigured() =>
        new("This service has no archive: Messaging:Retention:Archive says neither a Directory nor a ServiceUrl.");
}
