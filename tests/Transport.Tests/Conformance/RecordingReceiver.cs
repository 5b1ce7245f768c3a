using System.Collections.Concurrent;
using System.Text.Json;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Transport.Tests.Conformance;

/// <summary>Receives the messages of an adapter, in place of the library and its database.</summary>
internal sealed class RecordingReceiver(TransportTopology topology) : IMessageReceiver
{
    private int inHand;

    /// <summary>Every message that was handed over, including duplicates.</summary>
    public ConcurrentQueue<(string Queue, EventEnvelope Event)> Received { get; } = new();

    /// <summary>The ids of the handled ones.</summary>
    public ConcurrentQueue<Guid> Handled { get; } = new();

    /// <summary>Every dead letter that was counted.</summary>
    public ConcurrentQueue<(string Queue, string? Type)> DeadLetters { get; } = new();

    /// <summary>How many messages are being handled.</summary>
    public int InHand => Volatile.Read(ref inHand);

    /// <summary>Handles an event; does nothing by default.</summary>
    public Func<EventEnvelope, Task> Handler { get; set; } = _ => Task.CompletedTask;

    /// <summary>The bodies that were handed over, which the tests use as the events' names.</summary>
    public string[] Bodies => [.. Received.Select(received => Events.NameOf(received.Event))];

    public EventEnvelope? Read(string queue, TransportMessage message)
    {
        var @event = WireFormat.Read(message, type => topology.Queues[queue].Contains(type), DateTimeOffset.UtcNow);
        try
        {
            if (@event is not null)
                JsonDocument.Parse(@event.Body).Dispose();
            return @event;
        }
        catch (JsonException exception)
        {
            throw new MalformedMessageException($"Not a valid {@event!.Type}: {exception.Message}", exception);
        }
    }

    public async Task Receive(string queue, EventEnvelope @event)
    {
        Interlocked.Increment(ref inHand);
        try
        {
            Received.Enqueue((queue, @event));
            await Handler(@event);
            Handled.Enqueue(@event.EventId);
        }
        finally
        {
            Interlocked.Decrement(ref inHand);
        }
    }

    public void DeadLettered(string queue, string? type) => DeadLetters.Enqueue((queue, type));
}
