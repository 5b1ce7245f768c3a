using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderPlatform.Messaging;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;

namespace OrderPlatform.Transport.Tests.MassTransit;

/// <summary>A host with one transport and one queue, and no other part of a service. It keeps the received events.</summary>
internal sealed class SingleQueueHost : IMessageReceiver, IAsyncDisposable
{
    public const string MassTransit = "MassTransit";
    public const string RabbitMq = "RabbitMq";
    public const string Queue = "sample";

    private readonly HashSet<string> types;
    private readonly IHost host;

    private SingleQueueHost(
        string transport,
        Uri broker,
        string[] published,
        string[] consumed,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure,
        Action<IServiceCollection>? register)
    {
        types = [.. consumed];
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Broker", broker.ToString())]);
        var queues = new Dictionary<string, IReadOnlyCollection<string>>();
        if (consumed.Length > 0)
            queues[Queue] = consumed;
        var topology = new TransportTopology(Queue, published, queues);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(topology);
        builder.Services.AddSingleton(new TransportOptions());
        builder.Services.AddSingleton<IMessageReceiver>(this);
        register?.Invoke(builder.Services);
        var messaging = new MessagingBuilder(builder.Services, Queue).UseMassTransit(configure).UseRabbitMq();
        messaging.Transports[transport](builder.Services, topology);
        host = builder.Build();
    }

    public ITransport Transport => host.Services.GetRequiredService<ITransport>();

    public ConcurrentQueue<EventEnvelope> Received { get; } = new();

    public static async Task<SingleQueueHost> Start(
        string transport,
        TestBroker broker,
        string[]? published = null,
        string[]? consumed = null,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure = null,
        Action<IServiceCollection>? register = null,
        bool away = false)
    {
        var started = new SingleQueueHost(
            transport, away ? TestBroker.Nowhere : broker.Uri, published ?? [], consumed ?? [], configure, register);
        await started.host.StartAsync();
        if (consumed is { Length: > 0 })
            await Eventually.Is(() => started.Transport.IsUp);
        return started;
    }

    public EventEnvelope? Read(string queue, TransportMessage message) => WireFormat.Read(message, types.Contains, DateTimeOffset.UtcNow);

    public Task Receive(string queue, EventEnvelope @event)
    {
        Received.Enqueue(@event);
        return Task.CompletedTask;
    }

    public void DeadLettered(string queue, string? type)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
