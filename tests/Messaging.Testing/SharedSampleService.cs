using OrderPlatform.Testing;
using Xunit;

namespace OrderPlatform.Messaging.Testing;

/// <summary>
/// A database, a virtual host and one instance of the sample service for all tests of a class, as its <c>IClassFixture</c>. It is for tests
/// that work on their own accounts, assert nothing about other rows, and leave no job or redrive running.
/// </summary>
public sealed class SharedSampleService : IAsyncLifetime
{
    private SampleHost? host;

    public TestDatabase Database { get; private set; } = null!;

    public TestBroker Broker { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await SampleTemplate.Copy();
        Broker = await TestBroker.CreateVhost();
    }

    public async ValueTask DisposeAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
        await Broker.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>The instance, which the first test starts.</summary>
    internal async Task<SampleHost> StartOnce(SampleServiceBuilder service) => host ??= await service.Build();
}
