using MassTransit;
using MassTransit.RabbitMqTransport;
using MassTransit.RabbitMqTransport.Configuration;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Publishes through its own MassTransit bus, which has one connection and ends with the first failure: otherwise MassTransit would
/// resend a failed message after later ones.
/// </summary>
internal sealed class MassTransitPublisher : IEventPublisher, ISendObserver
{
    /// <summary>
    /// The maximum number of messages that wait for their confirms. For each confirm of several messages the client scans all that wait;
    /// with thousands of them, that would cost more than the messages themselves.
    /// </summary>
    private const int Window = 500;

    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(1);

    private readonly IBusControl bus;
    private readonly Dictionary<string, ISendEndpoint> endpoints = [];
    private readonly SemaphoreSlim window = new(Window);
    private readonly CancellationTokenSource ended = new();
    private IConnection? connection;
    private IOException? failure;

    private MassTransitPublisher(IBusControl bus)
    {
        this.bus = bus;
        bus.ConnectSendObserver(this);
    }

    /// <summary>Starts the bus, takes the fence on its connection, and declares the exchanges of the service's events.</summary>
    /// <param name="context">The container, as MassTransit hands it to the configuration of a bus.</param>
    /// <param name="configure">Sets the broker's address and the rest of the bus; a second attempt to connect must fail.</param>
    /// <param name="topology">The service, and the events that it publishes.</param>
    /// <exception cref="IOException">The fence is held by another connection, or the broker cannot be reached.</exception>
    public static async Task<MassTransitPublisher> Start(
        IBusRegistrationContext context,
        Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator> configure,
        TransportTopology topology,
        CancellationToken cancellationToken)
    {
        var instance = new RabbitMqRegistrationBusFactory(configure).CreateBus(context, [], $"{topology.Service} relay");
        var publisher = new MassTransitPublisher(instance.BusControl);
        try
        {
            await instance.BusControl.StartAsync(cancellationToken);
            await ((IRabbitMqHostConfiguration)instance.HostConfiguration).ConnectionContextSupervisor.Send(
                Pipe.Execute<ConnectionContext>(connected => publisher.connection = connected.Connection), cancellationToken)
                .WaitAsync(LongestStart, cancellationToken);
            await publisher.TakeFence(topology, cancellationToken);
            return publisher;
        }
        catch (Exception exception)
        {
            await publisher.DisposeAsync();
            if (exception is ConnectionException or TimeoutException)
                throw new IOException(exception.GetBaseException().Message);
            throw;
        }
    }

    public async Task<Task> Publish(IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        var sends = new List<Task>(messages.Count);
        foreach (var message in messages)
        {
            await window.WaitAsync(cancellationToken);
            if (failure is not null)
                break;
            var delivery = new Delivery(message, ThrowIfFailed);
            var send = Send(await EndpointOf(message.Type), delivery);
            sends.Add(send);
            // A filter, or the declaration of its exchange, holds this message back: the next one would overtake it.
            if (!delivery.IsOnItsWay)
                await send;
        }

        return Confirm(sends);
    }

    public void ThrowIfFailed()
    {
        if (failure is not null)
            throw failure;
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        try
        {
            // Closing the connection releases the fence.
            if (connection is not null)
                await connection.Close();
        }
        finally
        {
            // Without a connection the bus has nothing left to do, but sometimes still waits for the broker.
            await Task.WhenAny(bus.StopAsync(CancellationToken.None), Task.Delay(LongestStop, CancellationToken.None));
        }
    }

    Task ISendObserver.PreSend<T>(SendContext<T> context) => Task.CompletedTask;

    Task ISendObserver.PostSend<T>(SendContext<T> context) => Task.CompletedTask;

    /// <summary>Called before MassTransit waits and retries.</summary>
    Task ISendObserver.SendFault<T>(SendContext<T> context, Exception exception)
    {
        Fail(exception);
        return Task.CompletedTask;
    }

    private async Task TakeFence(TransportTopology topology, CancellationToken cancellationToken)
    {
        connection!.ConnectionShutdownAsync += (_, reason) =>
        {
            Fail(new IOException($"The broker closed the connection: {reason.ReplyText}"));
            return Task.CompletedTask;
        };
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await RelayFence.Take(channel, topology.Service, cancellationToken);
        // MassTransit would declare each exchange with its first message; this way, a queue can be bound earlier.
        foreach (var exchange in topology.Published)
            await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
    }

    private async ValueTask<ISendEndpoint> EndpointOf(string type)
    {
        if (!endpoints.TryGetValue(type, out var endpoint))
            endpoints[type] = endpoint = await bus.GetSendEndpoint(new Uri($"exchange:{type}?type=fanout"));
        return endpoint;
    }

    private async Task Send(ISendEndpoint endpoint, Delivery delivery)
    {
        try
        {
            await endpoint.Send(delivery.Message, delivery, ended.Token);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
        finally
        {
            window.Release();
        }
    }

    private async Task Confirm(List<Task> sends)
    {
        await Task.WhenAll(sends);
        ThrowIfFailed();
    }

    /// <summary>Cancels the other sends as well, unless the broker has merely returned a message: by then they are sent.</summary>
    private void Fail(Exception exception)
    {
        var isReturned = exception.GetBaseException() is PublishReturnException;
        Interlocked.CompareExchange(
            ref failure,
            exception.GetBaseException() switch
            {
                PublishReturnException returned => Confirms.Unroutable(returned.Exchange, returned.ReplyText),
                IOException lost => lost,
                var cause => new IOException(cause.Message, cause),
            },
            null);
        if (!isReturned)
            _ = ended.CancelAsync();
    }
}
