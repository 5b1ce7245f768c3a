using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Transport;

/// <summary>
/// Takes the messages that an adapter consumes. The adapter acknowledges a message after <see cref="Receive"/> has completed, moves it to
/// the queue's error queue if it failed, and to the skipped queue if <see cref="Read"/> returned null.
/// </summary>
public interface IMessageReceiver
{
    /// <summary>The event that a message holds; null when the queue has no handler for its type.</summary>
    /// <exception cref="MalformedMessageException">It names a type that the queue takes, but is not valid for that type.</exception>
    EventEnvelope? Read(string queue, TransportMessage message);

    /// <summary>
    /// Completes when the event's effect, or its deferral, is committed: acknowledge it then. Fails when its handler has failed as often as
    /// <c>Messaging:Retries</c> allows; retries and waits for the database happen inside. An adapter need not limit how many wait here
    /// beyond its prefetch.
    /// </summary>
    /// <exception cref="OperationCanceledException">The service is stopping: leave the message unacknowledged.</exception>
    Task Receive(string queue, EventEnvelope @event);

    /// <summary>Counts a message that was moved to the queue's error or skipped queue, or handed to the dead letters directly.</summary>
    /// <param name="queue">The queue that could not handle it.</param>
    /// <param name="type">The wire address that the message names, which may be anything; null when it names none.</param>
    void DeadLettered(string queue, string? type);
}

/// <summary>A message is not a valid event: trying again does not help.</summary>
/// <param name="reason">What is wrong with it, for operators.</param>
/// <param name="cause">The exception that reading it threw; null when there was none.</param>
public sealed class MalformedMessageException(string reason, Exception? cause = null) : Exception(reason, cause);
