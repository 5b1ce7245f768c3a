using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Publishes past events to one queue, in the order they are given, and tells which of them the queue does not take.</summary>
internal sealed class ReplaySender : IAsyncDisposable
{
    private readonly IConnection connection;
    private readonly IChannel channel;
    private readonly Confirms confirms = new();
    private readonly List<string> returned = [];
    private IChannel? inspection;
    private bool inspectionIsRefused;
    private ulong published;

    private ReplaySender(IConnection connection, IChannel channel)
    {
        (this.connection, this.channel) = (connection, channel);
        confirms.Follow(channel);
        // The broker returns a message before it confirms it.
        channel.BasicReturnAsync += (_, message) =>
        {
            returned.Add(message.RoutingKey);
            return Task.CompletedTask;
        };
    }

    /// <summary>Declares the exchanges that replays of the given events go through.</summary>
    /// <param name="connection">A connection of its own, which it closes.</param>
    /// <param name="types">The events.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ReplaySender> Start(IConnection connection, IEnumerable<string> types, CancellationToken cancellationToken)
    {
        try
        {
            var channel = await connection.CreateChannelAsync(Confirms.Options, cancellationToken);
            foreach (var exchange in types.Select(ReplayTopology.ExchangeOf).Distinct())
                await channel.ExchangeDeclareAsync(exchange, ExchangeType.Direct, durable: true, cancellationToken: cancellationToken);
            return new ReplaySender(connection, channel);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// How many messages wait in a queue; null when the broker does not tell. From 4.2.6 on RabbitMQ asks for a permission on the queue
    /// (any, from 4.3.1 on; https://github.com/rabbitmq/rabbitmq-server/pull/16272), and each of them is more than a producer may have.
    /// </summary>
    /// <exception cref="JobFailedException">There is no such queue.</exception>
    public async Task<uint?> MessageCount(string queue, CancellationToken cancellationToken)
    {
        if (inspectionIsRefused)
            return null;
        try
        {
            return (await (await Inspection(cancellationToken)).QueueDeclarePassiveAsync(queue, cancellationToken)).MessageCount;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            throw new JobFailedException($"There is no queue '{queue}'. Its consumer declares it when it starts.", exception);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.AccessRefused)
        {
            inspectionIsRefused = true;
            return null;
        }
    }

    /// <summary>Publishes events, and returns when the broker has confirmed them all.</summary>
    /// <returns>By type, how many of them the queue does not take.</returns>
    /// <exception cref="IOException">The broker refused one, or is away.</exception>
    public async Task<IReadOnlyDictionary<string, int>> Publish(
        IReadOnlyList<EventEnvelope> events, string queue, CancellationToken cancellationToken)
    {
        returned.Clear();
        foreach (var @event in events)
        {
            var properties = EventProperties.Of(@event, @event.TraceParent);
            properties.Headers![Headers.Replayed] = true;
            await channel.BasicPublishAsync(
                ReplayTopology.ExchangeOf(@event.Type),
                ReplayTopology.RoutingKey(queue, @event.Type),
                mandatory: true,
                properties,
                @event.Body,
                cancellationToken);
            published++;
        }

        await confirms.UpTo(published).WaitAsync(cancellationToken);
        var keys = events.Select(@event => @event.Type).Distinct().ToDictionary(type => ReplayTopology.RoutingKey(queue, type));
        return returned.CountBy(key => keys[key]).ToDictionary();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await channel.DisposeAsync();
            if (inspection is not null)
                await inspection.DisposeAsync();
        }
        finally
        {
            await connection.DisposeAsync();
        }
    }

    /// <summary>A channel of its own, as an answer that is an error closes it; a new one where the broker has closed the last.</summary>
    private async Task<IChannel> Inspection(CancellationToken cancellationToken)
    {
        if (inspection is { IsOpen: true })
            return inspection;
        if (inspection is not null)
            await inspection.DisposeAsync();
        return inspection = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
    }
}
