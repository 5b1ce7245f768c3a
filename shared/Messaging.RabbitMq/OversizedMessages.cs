using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Messages whose headers leave no room for those that describe a failure. If such a message were moved to an error queue, the broker would
/// close the connection and redeliver it, again and again: one message would stop the queue. The consumer itself files it instead.
/// </summary>
internal static class OversizedMessages
{
    /// <summary>In bytes. All headers have to fit into a frame, usually of 128 KiB.</summary>
    private const int LargestMovable = 100 * 1024;

    /// <summary>Whether a message cannot be moved to an error queue.</summary>
    public static bool Contains(IReadOnlyBasicProperties properties) => AmqpMessage.SizeOf(properties.Headers) > LargestMovable;

    /// <summary>Files and counts a message; acknowledge it afterwards.</summary>
    /// <exception cref="InvalidOperationException">It cannot be filed: leave it unacknowledged.</exception>
    public static async Task File(
        IDeadLetterStore store, IMessageReceiver receiver, DeadLetter letter, CancellationToken cancellationToken)
    {
        if ((await store.File([letter], cancellationToken)).Count == 0)
            throw new InvalidOperationException($"The dead letter {letter.Message.MessageId} cannot be filed.");
        receiver.DeadLettered(letter.Queue, WireFormat.TypeOf(letter.Message));
    }
}
