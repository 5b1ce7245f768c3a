using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging;

/// <summary>
/// Consumes the service's queues with MassTransit: its topology, its retry for each message, its error queues. Everything
/// that knows MassTransit is in this folder.
/// </summary>
internal static class MassTransitReceiver
{
    public static void AddMassTransitReceiver(this IServiceCollection services, MessagingMap map)
    {
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = false;
            host.StopTimeout = TimeSpan.FromSeconds(15);
        });
        services.AddMassTransit(bus => bus.UsingRabbitMq((context, rabbit) =>
        {
            var options = context.GetRequiredService<MessagingOptions>();
            rabbit.Host(context.GetRequiredService<BrokerAddress>(), map.Service);
            foreach (var queue in context.GetServices<MessageQueue>())
                rabbit.ReceiveEndpoint(queue.Name, endpoint => Configure(endpoint, queue, map.Queues[queue.Name], options));
        }));
    }

    private static void Host(this IRabbitMqBusFactoryConfigurator rabbit, BrokerAddress broker, string service) =>
        rabbit.Host(broker.Uri, $"{service} consumer", host =>
        {
            host.Heartbeat(TimeSpan.FromSeconds(10));
            if (broker.Uri.UserInfo.Split(':') is [var user, var password])
            {
                host.Username(Uri.UnescapeDataString(user));
                host.Password(Uri.UnescapeDataString(password));
            }
        });

    private static void Configure(
        IRabbitMqReceiveEndpointConfigurator endpoint,
        MessageQueue queue,
        IReadOnlyDictionary<string, HandlerBinding> handlers,
        MessagingOptions options)
    {
        endpoint.SetQuorumQueue();
        endpoint.PrefetchCount = options.Prefetch;
        endpoint.PublishFaults = false;
        endpoint.ConfigureConsumeTopology = false;
        foreach (var exchange in handlers.Keys)
            endpoint.Bind(exchange);
        endpoint.AddDeserializer(new EventDeserializer(handlers), isDefault: true);
        endpoint.UseMessageRetry(retry => Retry(retry, options.Retries));
        endpoint.Handler<IncomingEvent>(context => queue.Run(context.Message));
    }

    /// <summary>Backs off with jitter. (MassTransit's exponential policy throws when it is told not to retry: 8.5.12, seen.)</summary>
    private static void Retry(IRetryConfigurator retry, int retries)
    {
        if (retries == 0)
            retry.None();
        else
            retry.Exponential(retries, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(200));
    }
}
