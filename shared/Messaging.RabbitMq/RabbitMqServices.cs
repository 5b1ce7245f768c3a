using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Adds RabbitMQ, with RabbitMQ.Client alone.</summary>
public static class RabbitMqServices
{
    /// <summary>
    /// Carries the service's events with RabbitMQ.Client, if <c>Messaging:Transport</c> is <c>RabbitMq</c>, or if it is not set and no
    /// other transport was added before.
    /// </summary>
    public static MessagingBuilder UseRabbitMq(this MessagingBuilder messaging) =>
        messaging.AddTransport("RabbitMq", (services, topology) => services.AddRabbitMq(topology));

    /// <summary>Registers what both RabbitMQ transports share: address, connections, and the consumer of the error queues.</summary>
    internal static void AddRabbitMqConnections(this IServiceCollection services)
    {
        services.AddSingleton(new MessagingSystem("rabbitmq"));
        services.AddSingleton(provider => new BrokerAddress(
            provider.GetRequiredService<IConfiguration>().GetConnectionString("Broker")
            ?? throw new InvalidOperationException("The setting ConnectionStrings:Broker is missing.")));
        services.AddSingleton<RabbitMqConnections>();
        // A fork without operations leaves failed messages in their error queues.
        if (services.Any(service => service.ServiceType == typeof(IDeadLetterStore)))
            services.AddHostedService<ErrorQueueConsumer>();
    }

    private static void AddRabbitMq(this IServiceCollection services, TransportTopology topology)
    {
        services.AddRabbitMqConnections();
        foreach (var queue in topology.Queues.Keys)
        {
            services.AddKeyedSingleton(queue, (provider, _) => ActivatorUtilities.CreateInstance<QueueConsumer>(provider, queue));
            services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<QueueConsumer>(queue));
        }

        services.AddSingleton<ITransport>(provider =>
        {
            QueueConsumer[] consumers = [.. topology.Queues.Keys.Select(queue => provider.GetRequiredKeyedService<QueueConsumer>(queue))];
            return new RabbitMqTransport(
                provider.GetRequiredService<RabbitMqConnections>(),
                topology,
                () => Array.TrueForAll(consumers, consumer => consumer.IsConsuming));
        });
    }
}
