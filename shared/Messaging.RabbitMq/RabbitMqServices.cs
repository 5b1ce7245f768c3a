using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Adds RabbitMQ, with RabbitMQ.Client alone.</summary>
public static class RabbitMqServices
{
    /// <summary>Registers what all ways to RabbitMQ share: address, connections, and the consumer of the error queues.</summary>
    internal static void AddRabbitMqConnections(this IServiceCollection services)
    {
        services.AddSingleton(provider => new BrokerAddress(
            provider.GetRequiredService<IConfiguration>().GetConnectionString("Broker")
            ?? throw new InvalidOperationException("The setting ConnectionStrings:Broker is missing.")));
        services.AddSingleton<RabbitMqConnections>();
        // A fork without operations leaves failed messages in their error queues.
        if (services.Any(service => service.ServiceType == typeof(IDeadLetterStore)))
            services.AddHostedService<ErrorQueueConsumer>();
    }
}
