using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Moves messages of one queue to its error and skipped queues, as MassTransit does, and returns when the broker has stored them there.
/// </summary>
internal sealed partial class DeadLetterMover(
    string queue,
    Uri address,
    IChannel channel,
    IMessageReceiver receiver,
    IDeadLetterStore? store,
    TimeProvider clock,
    ILogger logger)
{
    /// <summary>For the channel that messages are moved on. The client's own tracking reports the outcome of each message.</summary>
    public static readonly CreateChannelOptions Options = new(
        publisherConfirmationsEnabled: true,
        publisherConfirmationTrackingEnabled: true,
        outstandingPublisherConfirmationsRateLimiter: null);

    /// <summary>Moves a message that failed, or could not be read.</summary>
    /// <param name="event">The event that it holds; null when it could not be read.</param>
    /// <param name="exception">Why it failed.</param>
    /// <param name="cancellationToken">Ends the attempt; the message may or may not have been moved.</param>
    public Task MoveToErrors(ReceivedDelivery message, EventEnvelope? @event, Exception exception, CancellationToken cancellationToken)
    {
        var at = clock.GetUtcNow();
        Failed(logger, exception, message.Properties.MessageId, queue);
        if (OversizedMessages.Contains(message.Properties))
            return File(message, DeadLetterSource.Error, Failure.Of(exception, at), cancellationToken);
        var properties = Copy(message, FaultHeaders.OfFault(address, exception, @event?.Type, at));
        // Messages in an error queue must not expire.
        properties.ClearExpiration();
        return Move(QueueTopology.ErrorsOf(queue), message, properties, cancellationToken);
    }

    /// <summary>Moves a message that the queue has no handler for.</summary>
    public Task MoveToSkipped(ReceivedDelivery message, CancellationToken cancellationToken) =>
        OversizedMessages.Contains(message.Properties)
            ? File(message, DeadLetterSource.Skipped, failure: null, cancellationToken)
            : Move(QueueTopology.SkippedOf(queue), message, Copy(message, FaultHeaders.OfSkipped()), cancellationToken);

    private async Task Move(string exchange, ReceivedDelivery message, BasicProperties properties, CancellationToken cancellationToken)
    {
        // A queue that is full or gone must not stop messages that can be handled.
        await Backoff.Retry(
            () => channel.BasicPublishAsync(
                exchange, message.RoutingKey, mandatory: true, properties, message.Body, cancellationToken).AsTask(),
            exception => exception is PublishException,
            exception => NotMoved(logger, message.Properties.MessageId, exchange, exception.Message),
            cancellationToken);
        receiver.DeadLettered(queue, WireFormat.TypeOf(message.Read()));
    }

    private Task File(ReceivedDelivery message, DeadLetterSource source, Failure? failure, CancellationToken cancellationToken)
    {
        if (store is null)
        {
            throw new InvalidOperationException(
                $"Message {message.Properties.MessageId} has too many headers for an error queue; the service has no dead-letter store.");
        }

        var letter = FaultHeaders.Read(queue, source, message.Properties, message.Body);
        return OversizedMessages.File(store, receiver, failure is null ? letter : letter with { Failure = failure }, cancellationToken);
    }

    /// <summary>Omits the sender's user id, which this connection may not publish.</summary>
    private static BasicProperties Copy(ReceivedDelivery message, IEnumerable<KeyValuePair<string, object?>> added)
    {
        var properties = new BasicProperties(message.Properties)
        {
            Headers = new Dictionary<string, object?>(message.Properties.Headers ?? new Dictionary<string, object?>()),
        };
        foreach (var (name, value) in added)
            properties.Headers[name] = value;
        properties.ClearUserId();
        return properties;
    }

    [LoggerMessage(LogLevel.Error, "Message {MessageId} of {Queue} failed; moving it to the error queue")]
    private static partial void Failed(ILogger logger, Exception exception, string? messageId, string queue);

    [LoggerMessage(LogLevel.Warning, "Message {MessageId} cannot be moved to {Exchange} ({Reason}); leaving it in its queue and retrying")]
    private static partial void NotMoved(ILogger logger, string? messageId, string exchange, string reason);
}
