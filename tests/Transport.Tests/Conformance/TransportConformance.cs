using OrderPlatform.Messaging;
using OrderPlatform.Testing;

[assembly: AssemblyFixture(typeof(OrderPlatform.Testing.PrivateBroker))]

namespace OrderPlatform.Transport.Tests.Conformance;

/// <summary>
/// The promises of every adapter, tested on a real broker; shared/Messaging/Transport/README.md lists them. A subclass chooses the adapter.
/// </summary>
public abstract partial class TransportConformance(PrivateBroker node) : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> started = [];

    /// <summary>A virtual host for this test alone.</summary>
    protected TestBroker Broker { get; private set; } = null!;

    private RawBroker Raw { get; set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Address => Broker.Uri.AbsoluteUri;

    public async ValueTask InitializeAsync()
    {
        Broker = await TestBroker.CreateVhost();
        Raw = await RawBroker.Connect(Broker.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        started.Reverse();
        foreach (var each in started)
            await each.DisposeAsync();
        await Raw.DisposeAsync();
        await Broker.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds the adapter.</summary>
    protected abstract void Use(MessagingBuilder messaging);

    /// <summary>Starts an instance of the service, and waits until it consumes.</summary>
    private async Task<ConformanceHost> Start(ConformanceHost.Settings? settings = null, string? address = null)
    {
        var host = await StartUnconnected(settings, address);
        await Eventually.Is(() => host.Transport.IsUp);
        return host;
    }

    private async Task<ConformanceHost> StartUnconnected(ConformanceHost.Settings? settings = null, string? address = null)
    {
        var host = ConformanceHost.Build(Use, address ?? Address, settings ?? new ConformanceHost.Settings());
        started.Add(host);
        await host.Start(Cancellation);
        return host;
    }

    private TcpProxy Proxy()
    {
        var proxy = new TcpProxy(Broker.Uri.Host, Broker.Uri.Port);
        started.Insert(0, proxy);
        return proxy;
    }

    private string Through(TcpProxy proxy) => new UriBuilder(Broker.Uri) { Host = "127.0.0.1", Port = proxy.Port }.Uri.AbsoluteUri;

    /// <summary>
    /// Stops the service and asserts that a queue is empty: an unacknowledged message would have returned to it. (The management API
    /// reports unacknowledged messages as well, but seconds later.)
    /// </summary>
    private async Task IsEmpty(string queue)
    {
        foreach (var host in started.OfType<ConformanceHost>())
            await host.Stop();
        await Eventually.Is(async () => await Raw.Count(queue) == 0, $"{queue} is empty");
    }

    /// <summary>A handler that waits until the test releases it.</summary>
    private sealed class Gate
    {
        private readonly TaskCompletionSource open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Opened => open.Task;

        public void Open() => open.TrySetResult();
    }
}
