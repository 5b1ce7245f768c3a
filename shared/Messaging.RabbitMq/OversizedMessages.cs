using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Messages whose headers leave no room for those that tell of a failure. Moved to an error queue all the same, they would make the broker
/// close the connection, and come again and again: one such message would stop a queue. They are filed by the consumer itself.
/// </summary>
internal static class OversizedMessages
{
    /// <summary>All headers have to fit into a frame, as a rule 128 KiB.</summary>
    private const int MostThatCanBeMoved = 100 * 1024;

    /// <summary>Whether a message cannot be moved to an error queue.</summary>
    public static bool Include(IReadOnlyBasicProperties properties) => AmqpMessage.SizeOf(properties.Headers) > MostThatCanBeMoved;

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
