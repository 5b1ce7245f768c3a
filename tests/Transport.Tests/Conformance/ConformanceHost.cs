using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Transport.Tests.Conformance;

/// <summary>An instance of the service <c>sample</c>, of which only the adapter is real.</summary>
internal sealed class ConformanceHost : IAsyncDisposable
{
    public const string Queue = "sample";

    /// <summary>A second queue of the service, which handles one type fewer.</summary>
    public const string OtherQueue = "sample_other";

    private readonly IHost host;

    private ConformanceHost(IHost host, RecordingReceiver receiver) => (this.host, Receiver) = (host, receiver);

    public RecordingReceiver Receiver { get; }

    public IServiceProvider Services => host.Services;

    public ITransport Transport => host.Services.GetRequiredService<ITransport>();

    /// <summary>Cancelled when the service begins to stop.</summary>
    public CancellationToken Stopping => host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

    public static ConformanceHost Build(Action<MessagingBuilder> use, string broker, Settings settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Broker", broker)]);
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var topology = new TransportTopology(
            "sample",
            [Events.Placed, Events.Paid],
            settings.Consumes
                ? new Dictionary<string, IReadOnlyCollection<string>>
                {
                    [Queue] = [Events.Placed, Events.Paid],
                    [OtherQueue] = [Events.Placed],
                }
                : []);
        var receiver = new RecordingReceiver(topology);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(topology);
        builder.Services.AddSingleton(new TransportOptions { Prefetch = settings.Prefetch });
        builder.Services.AddSingleton<IMessageReceiver>(receiver);
        if (settings.Store is not null)
            builder.Services.AddSingleton<IDeadLetterStore>(settings.Store);
        var messaging = new MessagingBuilder(builder.Services, "sample");
        use(messaging);
        messaging.Transports.Values.Single()(builder.Services, topology);
        return new ConformanceHost(builder.Build(), receiver);
    }

    public Task Start(CancellationToken cancellationToken) => host.StartAsync(cancellationToken);

    public Task Stop() => host.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Stop();
        host.Dispose();
    }

    /// <param name="Consumes">Whether the service has queues; otherwise it only publishes.</param>
    /// <param name="Prefetch">The most messages in hand for each queue.</param>
    /// <param name="Store">Where dead letters go; null to leave them in their queues.</param>
    public sealed record Settings(bool Consumes = true, ushort Prefetch = 50, RecordingStore? Store = null);
}
