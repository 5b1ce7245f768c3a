namespace OrderPlatform.Messaging;

/// <summary>Nobody has said where archives are.</summary>
internal sealed class NoArchive : IArchiveStore
{
    public Task Write(string name, Func<Stream, Task> write, CancellationToken cancellation) => throw NotConfigured();

    public Task<Stream> Open(string name, CancellationToken cancellation) => throw NotConfigured();

    public Task<IReadOnlyList<string>> List(CancellationToken cancellation) => throw NotConfigured();

    public Task Delete(string name, CancellationToken cancellation) => throw NotConfigured();

    private static ArchiveException NotConfigured() =>
        new("This service has no archive: Messaging:Retention:Archive says neither a Directory nor a ServiceUrl.");
}
