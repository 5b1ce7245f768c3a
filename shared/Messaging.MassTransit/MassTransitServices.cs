using System.Net.Mime;
using System.Net.Security;
using System.Security.Authentication;
using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>Adds RabbitMQ by way of MassTransit: its topology, filters and observers, and its error queues.</summary>
public static class MassTransitServices
{
    /// <summary>Lets the service's events travel with MassTransit, unless <c>Messaging:Transport</c> chooses another transport.</summary>
    public static MessagingBuilder UseMassTransit(this MessagingBuilder messaging) =>
        messaging.AddTransport("MassTransit", (services, topology) => services.AddMassTransit(topology));

    private static void AddMassTransit(this IServiceCollection services, TransportTopology topology)
    {
        services.AddRabbitMqConnections();
        services.AddSingleton<ITransport>(provider => new MassTransitTransport(
            provider.GetRequiredService<IBusControl>(),
            new RabbitMqTransport(provider.GetRequiredService<RabbitMqConnections>(), topology, () => true)));
        services.TryAddSingleton<BrokerGate>();
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = false;
            // What is in hand then is not acknowledged: the broker gives it to the next consumer.
            host.StopTimeout = TimeSpan.FromSeconds(2);
        });
        services.AddMassTransit(bus =>
        {
            // It would tell its makers which features are used.
            bus.DisableUsageTelemetry();
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var options = context.GetRequiredService<TransportOptions>();
                rabbit.Host(context.GetRequiredService<BrokerAddress>(), topology.Service, context.GetRequiredService<BrokerGate>());
                foreach (var (queue, types) in topology.Queues)
                    rabbit.ReceiveEndpoint(queue, endpoint => Configure(endpoint, queue, types, context, options));
            });
        });
    }

    private static void Host(this IRabbitMqBusFactoryConfigurator rabbit, BrokerAddress broker, string service, BrokerGate gate)
    {
        var node = broker.Nodes[0];
        rabbit.Host(node.Host, (ushort)node.Port, broker.VirtualHost, $"{service} consumer", host =>
        {
            host.OnRefreshConnectionFactory = _ => gate.WaitForBroker();
            host.Heartbeat(TimeSpan.FromSeconds(10));
            host.Username(broker.UserName);
            host.Password(broker.Password);
            if (broker.IsTls)
                host.UseSsl(tls => Verify(tls, broker, node.Host));
        });
    }

    /// <summary>By default MassTransit accepts any certificate chain.</summary>
    private static void Verify(IRabbitMqSslConfigurator tls, BrokerAddress broker, string host)
    {
        tls.ServerName = host;
        tls.Protocol = SslProtocols.None;
        tls.EnforcePolicyErrors(SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch);
        tls.CertificateValidationCallback = broker.Accepts;
    }

    private static void Configure(
        IRabbitMqReceiveEndpointConfigurator endpoint,
        string queue,
        IReadOnlyCollection<string> types,
        IServiceProvider services,
        TransportOptions options)
    {
        endpoint.SetQuorumQueue();
        endpoint.PrefetchCount = options.Prefetch;
        endpoint.PublishFaults = false;
        endpoint.ConfigureConsumeTopology = false;
        foreach (var type in types)
        {
            endpoint.Bind(type);
            endpoint.Bind(ReplayExchange.Of(type), replay =>
            {
                replay.ExchangeType = "direct";
                replay.RoutingKey = ReplayExchange.RoutingKey(queue, type);
            });
        }

        var receiver = services.GetRequiredService<IMessageReceiver>();
        endpoint.AddDeserializer(new EventDeserializer(queue, receiver, new ContentType(WireFormat.Envelope)));
        endpoint.AddDeserializer(new EventDeserializer(queue, receiver, new ContentType(WireFormat.RawJson)), isDefault: true);
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        endpoint.Handler<EventEnvelope>(context => Receive(receiver, queue, context.Message, stopping));
        endpoint.MoveDeadLetters(queue, receiver, services.GetService<IDeadLetterStore>());
    }

    /// <summary>While the service stops, a message without an outcome stays unacknowledged: its task does not end.</summary>
    private static async Task Receive(IMessageReceiver receiver, string queue, EventEnvelope @event, CancellationToken stopping)
    {
        try
        {
            await receiver.Receive(queue, @event);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        }
    }

    /// <summary>
    /// MassTransit's own pipes (faults are not published), with a way out for messages that it cannot move, and the counter as their last
    /// step.
    /// </summary>
    private static void MoveDeadLetters(
        this IRabbitMqReceiveEndpointConfigurator endpoint, string queue, IMessageReceiver receiver, IDeadLetterStore? store)
    {
        var counter = new DeadLetterCounter(queue, receiver);
        endpoint.ConfigureError(pipe =>
        {
            if (store is not null)
                pipe.UseFilter(new OversizedHeaders(queue, store, receiver));
            pipe.UseFilter(new ErrorTransportFilter());
            pipe.UseFilter(counter);
        });
        endpoint.ConfigureDeadLetter(pipe =>
        {
            if (store is not null)
                pipe.UseFilter(new OversizedHeaders(queue, store, receiver));
            pipe.UseFilter(new DeadLetterTransportFilter());
            pipe.UseFilter(counter);
        });
    }
}
