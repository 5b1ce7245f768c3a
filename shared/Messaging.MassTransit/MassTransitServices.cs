using System.Net.Mime;
using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>Adds RabbitMQ through MassTransit, with its topology, filters, observers and error queues.</summary>
public static class MassTransitServices
{
    /// <summary>Carries the service's events with MassTransit, unless <c>Messaging:Transport</c> chooses another transport.</summary>
    /// <param name="messaging">The builder that <c>AddMessaging</c> provides.</param>
    /// <param name="configure">
    /// Adds the service's own filters and observers; called for the bus that consumes (messages are <see cref="EventEnvelope"/>), and for
    /// each that publishes (messages are <see cref="OutgoingMessage"/>). The library adds the host and the receive endpoints.
    /// </param>
    public static MessagingBuilder UseMassTransit(
        this MessagingBuilder messaging, Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure = null) =>
        messaging.AddTransport("MassTransit", (services, topology) => services.AddMassTransit(topology, configure));

    private static void AddMassTransit(
        this IServiceCollection services,
        TransportTopology topology,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure)
    {
        services.AddRabbitMqConnections();
        services.AddSingleton<ITransport>(provider => new MassTransitTransport(
            provider.GetRequiredService<IBusControl>(),
            new RabbitMqTransport(provider.GetRequiredService<RabbitMqConnections>(), topology, () => true),
            cancellationToken => ConnectPublisher(provider, topology, configure, cancellationToken)));
        services.TryAddSingleton<BrokerGate>();
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = false;
            // First the messages in progress are cancelled, then the bus stops waiting for them. Without the first step it would give up
            // waiting and leave the connection open, and the broker would not redeliver the messages to another consumer.
            host.ConsumerStopTimeout = TimeSpan.FromMilliseconds(500);
            host.StopTimeout = TimeSpan.FromSeconds(2);
        });
        services.AddMassTransit(bus =>
        {
            // By default MassTransit reports to its vendor which features are used.
            bus.DisableUsageTelemetry();
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var options = context.GetRequiredService<TransportOptions>();
                var gate = context.GetRequiredService<BrokerGate>();
                rabbit.Host(context.GetRequiredService<BrokerAddress>(), $"{topology.Service} consumer", gate.WaitForBroker);
                configure?.Invoke(context, rabbit);
                foreach (var (queue, types) in topology.Queues)
                    rabbit.ReceiveEndpoint(queue, endpoint => Configure(endpoint, queue, types, context, options));
            });
        });
    }

    /// <summary>Finds a node first: MassTransit reports little about an unavailable broker, and is slow to give up.</summary>
    private static async Task<MassTransitPublisher> ConnectPublisher(
        IServiceProvider provider,
        TransportTopology topology,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>? configure,
        CancellationToken cancellationToken)
    {
        var probe = await provider.GetRequiredService<RabbitMqConnections>().Open("relay's probe", cancellationToken);
        await probe.Close();
        var attempts = 0;
        return await MassTransitPublisher.Start(
            provider.GetRequiredService<IBusRegistrationContext>(),
            (context, rabbit) =>
            {
                rabbit.Host(context.GetRequiredService<BrokerAddress>(), $"{topology.Service} relay", () => Interlocked.Increment(ref attempts) == 1
                    ? Task.FromResult(probe.Endpoint)
                    : throw new IOException("the connection to the broker is lost"));
                configure?.Invoke(context, rabbit);
            },
            topology,
            cancellationToken);
    }

    /// <param name="connection">The name that operators see in the broker's list of connections.</param>
    /// <param name="findNode">Called before each attempt to connect; returns a node that answers. If it fails, so does the attempt.</param>
    private static void Host(
        this IRabbitMqBusFactoryConfigurator rabbit, BrokerAddress broker, string connection, Func<Task<AmqpTcpEndpoint>> findNode) =>
        rabbit.Host(broker.Nodes[0].Host, (ushort)broker.Nodes[0].Port, broker.VirtualHost, connection, host =>
        {
            host.OnRefreshConnectionFactory = async factory =>
            {
                // MassTransit itself would try one node at each attempt, seconds apart, and accept any certificate chain.
                var node = await findNode();
                factory.EndpointResolverFactory = _ => new DefaultEndpointResolver([node]);
            };
            host.Username(broker.UserName);
            host.Password(broker.Password);
            host.Heartbeat(RabbitMqConnections.Heartbeat);
            host.RequestedConnectionTimeout(RabbitMqConnections.LongestConnect);
        });

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
        var stoppingToken = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        endpoint.Handler<EventEnvelope>(context => Receive(receiver, queue, context, stoppingToken));
        endpoint.MoveDeadLetters(queue, receiver, services.GetService<IDeadLetterStore>());
    }

    /// <summary>
    /// Once the service stops, a message without an outcome waits until MassTransit cancels it: it stays unacknowledged and returns to the
    /// queue. Before that, the token only means that the connection is lost, and the message must not fail because of that.
    /// </summary>
    private static async Task Receive(
        IMessageReceiver receiver, string queue, ConsumeContext<EventEnvelope> context, CancellationToken stoppingToken)
    {
        var received = receiver.Receive(queue, context.Message);
        try
        {
            await received.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await OutcomeOf(received).WaitAsync(context.CancellationToken);
        }
        catch (OperationCanceledException exception)
        {
            // A handler's own timeout; MassTransit would report that it had cancelled the message itself.
            throw new TimeoutException(exception.Message, exception);
        }
    }

    /// <summary>Completes with the message's outcome; never completes when the message was cancelled.</summary>
    private static async Task OutcomeOf(Task received)
    {
        try
        {
            await received;
        }
        catch (OperationCanceledException)
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        }
    }

    /// <summary>
    /// MassTransit's own pipes (faults are not published), with an exit for messages that it cannot move, and the counter as their last
    /// step.
    /// </summary>
    private static void MoveDeadLetters(
        this IRabbitMqReceiveEndpointConfigurator endpoint, string queue, IMessageReceiver receiver, IDeadLetterStore? store)
    {
        var counter = new DeadLetterCounter(queue, receiver);
        endpoint.ConfigureError(pipe =>
        {
            // Otherwise an unreadable message would also go to the skipped queue: MassTransit marks it as failed when it publishes a fault.
            pipe.UseExecuteAsync(context => context.IsFaulted ? Task.CompletedTask : context.NotifyFaulted(context.Exception));
            pipe.UseFilter(new OversizedHeaders(queue, store, receiver));
            pipe.UseFilter(new ErrorTransportFilter());
            pipe.UseFilter(counter);
        });
        endpoint.ConfigureDeadLetter(pipe =>
        {
            pipe.UseFilter(new OversizedHeaders(queue, store, receiver));
            pipe.UseFilter(new DeadLetterTransportFilter());
            pipe.UseFilter(counter);
        });
    }
}
