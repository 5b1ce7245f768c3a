using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Metrics;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>The entry point of messages: reads them, hands them to the batches of their queue, and retries those that fail.</summary>
internal sealed class MessageReceiver : IMessageReceiver
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly FrozenDictionary<string, ReceiveQueue> queues;
    private readonly MessagingTopology topology;
    private readonly MessagingMetrics metrics;
    private readonly InboxOptions options;
    private readonly TimeProvider clock;
    private readonly IHostApplicationLifetime lifetime;

    public MessageReceiver(
        IServiceProvider services,
        MessagingTopology topology,
        MessagingMetrics metrics,
        InboxOptions options,
        TimeProvider clock,
        IHostApplicationLifetime lifetime)
    {
        (this.topology, this.metrics, this.options, this.clock, this.lifetime) = (topology, metrics, options, clock, lifetime);
        queues = topology.Queues.Keys.ToFrozenDictionary(
            name => name, name => services.GetRequiredKeyedService<ReceiveQueue>(name));
    }

    /// <summary>The batches of a queue.</summary>
    internal ReceiveQueue QueueOf(string name) => queues[name];

    public EventEnvelope? Read(string queue, TransportMessage message)
    {
        if (WireFormat.Read(message, type => topology.HandlerOf(queue, type) is not null, clock.GetUtcNow()) is not { } @event)
            return null;
        var contract = topology.HandlerOf(queue, @event.Type)!.EventType;
        try
        {
            @event.Read(contract);
            return @event;
        }
        catch (JsonException exception)
        {
            throw new MalformedMessageException($"Not a valid {contract.Name}: {exception.Message}", exception);
        }
    }

    public async Task Receive(string queue, EventEnvelope @event)
    {
        Backoff? backoff = null;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await queues[queue].Handle(@event);
                return;
            }
            catch (Exception exception) when (attempt < options.Retries && !IsStopping(exception))
            {
                backoff ??= new Backoff(clock, FirstWait, LongestWait);
                await backoff.Wait(lifetime.ApplicationStopping);
                metrics.Of(queue).Retried(@event);
            }
        }
    }

    public void DeadLettered(string queue, string? type) => metrics.Of(queue).DeadLettered(type);

    /// <summary>While the service runs, a handler's own timeout is a failure like any other.</summary>
    private bool IsStopping(Exception exception) =>
        exception is OperationCanceledException && lifetime.ApplicationStopping.IsCancellationRequested;
}
