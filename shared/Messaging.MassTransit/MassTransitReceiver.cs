using System.Net.Security;
using System.Security.Authentication;
using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Consumes the service's queues with MassTransit: its topology, its retry for each message, its error queues. Everything
/// that knows MassTransit is in this folder.
/// </summary>
internal static class MassTransitReceiver
{
    public static void AddMassTransitReceiver(this IServiceCollection services, MessagingTopology map)
    {
        services.TryAddSingleton<BrokerGate>();
        services.Configure<MassTransitHostOptions>(host =>
        {
            host.WaitUntilStarted = false;
            host.StopTimeout = TimeSpan.FromSeconds(15);
        });
        services.AddMassTransit(bus =>
        {
            // It would tell its makers which features are used.
            bus.DisableUsageTelemetry();
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var options = context.GetRequiredService<MessagingOptions>();
                var metrics = context.GetRequiredService<MessagingMetrics>();
                var filing = context.GetRequiredService<DeadLetterStore>();
                rabbit.Host(context.GetRequiredService<BrokerAddress>(), map.Service, context.GetRequiredService<BrokerGate>());
                foreach (var queue in context.GetServices<ReceiveQueue>())
                {
                    rabbit.ReceiveEndpoint(
                        queue.Name,
                        endpoint => Configure(endpoint, queue, map.Queues[queue.Name], metrics.Of(queue.Name), filing, options));
                }
            });
        });
    }

    private static void Host(this IRabbitMqBusFactoryConfigurator rabbit, BrokerAddress broker, string service, BrokerGate wait) =>
        rabbit.Host(broker.Uri, $"{service} consumer", host =>
        {
            host.OnRefreshConnectionFactory = _ => wait.UntilItAnswers();
            host.Heartbeat(TimeSpan.FromSeconds(10));
            if (broker.Uri.UserInfo.Split(':') is [var user, var password])
            {
                host.Username(Uri.UnescapeDataString(user));
                host.Password(Uri.UnescapeDataString(password));
            }

            if (broker.IsTls)
                host.UseSsl(tls => Verify(tls, broker));
        });

    /// <summary>MassTransit's own default believes anybody, whoever has signed the certificate.</summary>
    private static void Verify(IRabbitMqSslConfigurator tls, BrokerAddress broker)
    {
        tls.ServerName = broker.Uri.Host;
        tls.Protocol = SslProtocols.None;
        tls.EnforcePolicyErrors(SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch);
        tls.CertificateValidationCallback = broker.Accepts;
    }

    private static void Configure(
        IRabbitMqReceiveEndpointConfigurator endpoint,
        ReceiveQueue queue,
        IReadOnlyDictionary<string, HandlerBinding> handlers,
        QueueMetrics metrics,
        DeadLetterStore filing,
        MessagingOptions options)
    {
        endpoint.SetQuorumQueue();
        endpoint.PrefetchCount = options.Prefetch;
        endpoint.PublishFaults = false;
        endpoint.ConfigureConsumeTopology = false;
        foreach (var type in handlers.Keys)
        {
            endpoint.Bind(type);
            endpoint.Bind(ReplayTopology.ExchangeOf(type), replay =>
            {
                replay.ExchangeType = "direct";
                replay.RoutingKey = ReplayTopology.RoutingKey(queue.Name, type);
            });
        }

        endpoint.AddDeserializer(new EventDeserializer(handlers), isDefault: true);
        endpoint.UseMessageRetry(retry => Retry(retry, options.Retries));
        endpoint.Handler<EventEnvelope>(context =>
        {
            if (context.GetRetryAttempt() > 0)
                metrics.Retried(context.Message);
            return queue.Run(context.Message);
        });
        endpoint.MoveDeadLetters(new OversizedHeaders(queue.Name, filing, metrics), new DeadLetterCounter(metrics));
    }

    /// <summary>
    /// MassTransit's own pipes (faults are not published), with a way out for what it cannot move, and the counter as their last step.
    /// </summary>
    private static void MoveDeadLetters(
        this IRabbitMqReceiveEndpointConfigurator endpoint, OversizedHeaders oversized, DeadLetterCounter counter)
    {
        endpoint.ConfigureError(pipe =>
        {
            pipe.UseFilter(oversized);
            pipe.UseFilter(new ErrorTransportFilter());
            pipe.UseFilter(counter);
        });
        endpoint.ConfigureDeadLetter(pipe =>
        {
            pipe.UseFilter(oversized);
            pipe.UseFilter(new DeadLetterTransportFilter());
            pipe.UseFilter(counter);
        });
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
