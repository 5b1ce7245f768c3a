namespace OrderPlatform.Messaging.Transport;

/// <summary>
/// A broker, as the library uses it. An adapter implements this interface, and hosts a consumer that hands each message of the queues of
/// <see cref="TransportTopology"/> to <see cref="IMessageReceiver"/>; the README beside this file says what it must promise, and the
/// conformance suite checks it.
/// </summary>
public interface ITransport
{
    /// <summary>Whether the broker is connected and every queue is being consumed. Reading it costs no I/O.</summary>
    bool IsUp { get; }

    /// <summary>
    /// Connects the relay. One publisher of a service exists at a time: while another process holds one, this fails.
    /// </summary>
    /// <exception cref="IOException">Another publisher of this service still exists, or the broker cannot be reached.</exception>
    Task<IEventPublisher> ConnectPublisher(CancellationToken cancellationToken);

    /// <summary>Connects for messages that go to one queue.</summary>
    /// <param name="purpose">What the connection is for, as operators see it in the broker's list of connections.</param>
    Task<IQueueSender> ConnectSender(string purpose, CancellationToken cancellationToken);
}

/// <summary>Publishes events to the queues that are bound to their types.</summary>
public interface IEventPublisher : IAsyncDisposable
{
    /// <summary>Sends events in the given order.</summary>
    /// <returns>
    /// The outer task completes when the events are on their way. The inner task completes when the broker has stored all of them; it fails
    /// when the broker refused one, has no queue for one, or the connection was lost. After a failure the publisher can no longer be used.
    /// </returns>
    Task<Task> Publish(IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken);

    /// <summary>Reports a failure even while nothing is published.</summary>
    /// <exception cref="IOException">A message was refused or the connection is lost.</exception>
    void ThrowIfFailed();
}

/// <summary>Sends messages to one queue, regardless of the bindings of their types: dead letters that are redriven, and replays.</summary>
public interface IQueueSender : IAsyncDisposable
{
    /// <summary>Sends messages as they are, in the given order, and returns when the broker has stored all of them.</summary>
    /// <exception cref="MessageRefusedException">The broker does not take one of them; the queue may be gone.</exception>
    Task Send(string queue, IReadOnlyList<TransportMessage> messages, CancellationToken cancellationToken);

    /// <summary>
    /// Sends this service's past events to a queue by a route that only this producer may use, and returns when the broker has stored them.
    /// </summary>
    /// <returns>By wire address, how many events the queue does not take.</returns>
    Task<IReadOnlyDictionary<string, int>> Replay(
        string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancellationToken);

    /// <summary>How many messages wait in a queue; null when the broker does not reveal it to this service.</summary>
    /// <exception cref="QueueNotFoundException">There is no such queue.</exception>
    Task<long?> MessageCount(string queue, CancellationToken cancellationToken);
}

/// <summary>A message on its way out, and the wire address that it is published to.</summary>
/// <param name="Type">The contract's wire address.</param>
/// <param name="Message">The event as <see cref="WireFormat"/> writes it.</param>
public sealed record OutgoingMessage(string Type, TransportMessage Message);

/// <summary>The broker can be reached, but does not accept a message as it is, or for the queue that it was sent to.</summary>
/// <param name="reason">The broker's explanation.</param>
/// <param name="cause">The client library's exception.</param>
public sealed class MessageRefusedException(string reason, Exception? cause = null) : Exception(reason, cause);

/// <summary>There is no such queue.</summary>
/// <param name="cause">The client library's exception.</param>
public sealed class QueueNotFoundException(string queue, Exception? cause = null) : Exception($"There is no queue '{queue}'.", cause);
